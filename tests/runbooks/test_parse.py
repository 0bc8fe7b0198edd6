"""Runbooks are read whole or refused with line, reason and hint."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runbooks.conftest import RESTART, one_step

from watchbill.lib.problems import Problem, Unreadable
from watchbill.runbooks.parse import KINDS, parse, seconds
from watchbill.runbooks.procedure import Check, Command, Confirm, Http, Value

HEAD = "---\nslug: one\ntitle: One\n---\n"
HTTP = HEAD + "## A\n```http\n"


def test_a_runbook_is_read_with_its_head_prose_and_steps() -> None:
    procedure = parse(RESTART)
    assert (procedure.slug, procedure.title) == ("restart-payments", "Restart payments")
    assert (procedure.component, procedure.tier) == ("payments", "routine")
    assert procedure.area == "incident-response"
    assert procedure.intro == "When payments hangs."
    assert [step.title for step in procedure.steps] == ["Say which node", "Restart it", "Look"]
    assert procedure.steps[1].prose == "It takes a moment."
    assert [step.do for step in procedure.steps] == [
        Value("node", "Which node hangs?"),
        Command(("say", "restarted", "{node}")),
        Confirm("The page answers again."),
    ]


def test_the_documentation_shows_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "runbooks.md").read_text()
    example = page.partition("`````markdown\n")[2].partition("`````")[0]
    assert {step.kind for step in parse(example).steps} == set(KINDS)


def test_each_kind_of_block() -> None:
    check = parse(one_step("```promql\nwithin: 1m30s\nup == 1\n```")).steps[0].do
    assert check == Check("up == 1", 90.0)
    request = (
        parse(
            one_step(
                "```http\nmethod: put\nurl: http://balancer/pool\nheaders: {X-Team: shop}\n"
                "body: {weight: 0, 'on': false}\nexpect: [200, 204]\ntimeout: 3s\n```"
            )
        )
        .steps[0]
        .do
    )
    assert request == Http(
        method="PUT", url="http://balancer/pool", headers={"X-Team": "shop"},
        body={"weight": 0, "on": False}, expect=(200, 204), timeout=3.0,
    )  # fmt: skip


def test_other_blocks_are_examples_in_the_prose() -> None:
    step = parse(one_step("```sh\nnot run\n```\n\n```confirm\nSeen.\n```")).steps[0]
    assert step.do == Confirm("Seen.")
    assert step.prose == "```sh\nnot run\n```"


def test_a_heading_inside_a_block_is_no_step() -> None:
    step = parse(one_step("```text\n## no step\n```\n```confirm\nSeen.\n```"))
    assert len(step.steps) == 1


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("# Restart\n", 1, "no front matter"),
        (HEAD, 5, "no steps"),
        ("---\ntitle: One\n---\n## A\n```confirm\nx\n```", 1, "'' is no slug"),
        ("---\nslug: One Two\ntitle: One\n---\n## A\n```confirm\nx\n```", 2, "no slug"),
        ("---\nslug: one\n---\n## A\n```confirm\nx\n```", 1, "needs a title"),
        ("---\nslug: one\ntitle: [a]\n---\n## A\n```confirm\nx\n```", 3, "not a single word"),
        (HEAD.replace("title: One", "title: One\ntier: huge") + "## A", 4, "'huge' is not a tier"),
        (HEAD.replace("title: One", "title: One\narea: home") + "## A", 4, "not an area"),
        (HEAD.replace("title: One", "title: One\nteir: x") + "## A", 4, "'teir' is not known"),
        ("---\nslug: one\ntitle: One: two\n---\n## A\n```confirm\nx\n```", 3, "not YAML"),
        (HEAD + "## A\nprose", 5, "no typed block"),
        (HEAD + "## A\n```comand\n[a]\n```", 5, "no typed block"),
        (HEAD + "##\n```confirm\nx\n```", 5, "no title"),
        (HEAD + "## A\n```confirm\nx\n```\n```confirm\ny\n```", 9, "2 typed blocks"),
        (HEAD + "## A\n```confirm\n```", 6, "nothing to confirm"),
        (HEAD + "## A\n```confirm now\nx\n```", 6, "nothing may follow 'confirm'"),
        (HEAD + "## A\n```value\nWhich?\n```", 6, "the value has no name"),
        (HEAD + "## A\n```value Node-1\nWhich?\n```", 6, "'Node-1' is no name"),
        (HEAD + "## A\n```value node\n```", 6, "question is missing"),
        (HEAD + "## A\n```promql\nwithin: soon\nup\n```", 7, "'soon' is no length"),
        (HEAD + "## A\n```promql\nwithin: 2h\nup\n```", 7, "'2h' is no length"),
        (HEAD + "## A\n```promql\nuntil: 5m\nup\n```", 7, "'until' is no setting"),
        (HEAD + "## A\n```promql\nwithin: 5m\n```", 6, "expression is missing"),
        (HEAD + "## A\n```command\nrm -rf /\n```", 6, "list of words"),
        (HEAD + "## A\n```command\n[]\n```", 6, "list of words"),
        (HEAD + "## A\n```command\n[a, [b]]\n```", 6, "is not a word"),
        (HEAD + "## A\n```command\n[a, &x b, *x]\n```", 7, "references"),
        (HEAD + "## A\n```command\n[a, b\n```", 8, "not YAML"),
        (HEAD + "## A\n```command\n[a, {node}]\n```", 6, "{node} is not known"),
        (HEAD + '## A\n```command\n["{node}"]\n```', 6, "cannot be a value"),
        (HEAD + '## A\n```command\n[a, "--on={node}"]\n```', 6, "mixes text and a value"),
        (HTTP + "GET /\n```", 6, "`key: value`"),
        (HTTP + "url: /x\n```", 6, "is no address"),
        (HTTP + "url: file:///etc/passwd\n```", 6, "is no address"),
        (HTTP + 'url: "http://{host}/x"\n```', 6, "is no address"),
        (HTTP + "url: http://a/\nmethod: SHOUT\n```", 6, "no method"),
        (HTTP + "url: http://a/\nretry: 3\n```", 6, "'retry' is not known"),
        (HTTP + "url: http://a/\nexpect: ok\n```", 6, "is no status"),
        (HTTP + "url: http://a/\ntimeout: 1h\n```", 6, "no time-out"),
        (HTTP + "url: http://a/\nheaders: {A: 1}\n```", 6, "headers are"),
        (HTTP + 'url: http://a/\nheaders: {A: "b\\r\\nC: d"}\n```', 6, "headers are"),
        (HTTP + "url: http://a/\nbody: 2026-01-01\n```", 6, "as JSON"),
        (HTTP + "url: http://a/\nbody: [{on: 1}]\n```", 6, "True in the body"),
        (HTTP + "url: http://a/\nbody: hi {node}\n```", 6, "cannot contain a value"),
        (HTTP + "url: http://a/\nbody: {n: '{node}'}\n```", 6, "{node} is not known"),
        (HEAD + '## A\n```promql\nup{node="{node}"}\n```', 6, "{node} is not known"),
        (HEAD + "## A\n```command\n" + "[" * 3000 + "]" * 3000 + "\n```", 6, "cannot be read"),
        (HEAD + "\x00", 5, "NUL"),
        ("x" * 200_001, 1, "longer than"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text)
    found = [(problem.line, problem.what) for problem in caught.value.problems]
    assert any(at == line and what in said for at, said in found), found


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Unreadable) as caught:
        parse(HEAD + "## A\n```command\nno\n```\n## B\nnothing\n")
    assert [problem.line for problem in caught.value.problems] == [6, 9]
    assert "line 9:" in str(caught.value)


def problems(text: str) -> list[Problem]:
    """What is wrong with it; nothing when it is a runbook."""
    try:
        parse(text)
    except Unreadable as error:
        return error.problems
    return []


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert all(problem.line >= 1 and problem.what for problem in problems(HEAD + text))


@given(st.sampled_from(["confirm", "value v", "promql", "command", "http"]), st.text())
def test_any_block_is_read_or_refused(info: str, text: str) -> None:
    found = problems(HEAD + f"## A\n```{info}\n{text}\n```\n")
    assert all(problem.line >= 5 and problem.what for problem in found)


plain = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)


@given(plain, st.lists(st.tuples(plain, plain), min_size=1, max_size=8))
def test_what_is_written_is_read_back(title: str, steps: list[tuple[str, str]]) -> None:
    text = f"---\nslug: one\ntitle: '{title}'\n---\n"
    text += "".join(f"\n## {head}\n\n```confirm\n{what}\n```\n" for head, what in steps)
    procedure = parse(text)
    assert procedure.title == title
    assert [(step.title, step.do) for step in procedure.steps] == [
        (head, Confirm(what)) for head, what in steps
    ]


@pytest.mark.parametrize(
    ("text", "length"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("", None), ("5", None), ("-5m", None)],
)
def test_lengths_of_time(text: str, length: float | None) -> None:
    assert seconds(text) == length
