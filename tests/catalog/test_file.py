"""The components file: every mistake is named with its line; no text makes the reader fall over."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watchbill.catalog.file import KEYS, Declared, FileError, Problem, read
from watchbill.lib.levels import Tier

WHOLE = """\
components:
  - slug: checkout
    name: Checkout
    description: Takes the money.
    owner: shop
    tier: critical
    depends_on: [payments, queue]
    links: {Repository: "https://git.example/checkout"}
    charts:
      - {title: Errors, query: "rate(e[5m])", unit: percent}
  - slug: payments
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_whole_file() -> None:
    checkout, payments = read(WHOLE)
    assert checkout.slug == "checkout"
    assert checkout.said == {
        "name": "Checkout",
        "description": "Takes the money.",
        "owner": "shop",
        "tier": Tier.CRITICAL,
        "depends_on": ["payments", "queue"],
        "links": {"Repository": "https://git.example/checkout"},
        "charts": [{"title": "Errors", "query": "rate(e[5m])", "unit": "percent"}],
    }
    assert (checkout.line, checkout.lines["tier"], payments.line) == (2, 6, 11)
    assert payments.said == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "line 1: the file is empty (start with `components:`)"),
        ("- a", "line 1: the file is not a mapping of keys to values"),
        ("components: 3",
         "line 1: `components` is not a list (start each component with `- slug:`)"),
        ("component: []", "line 1: `component` is no key of the file (did you mean `components`?)"),
        ("components:\n - slug: a\n   teir: x",
         "line 3: `teir` is no key of a component (did you mean `tier`?)"),
        ("components:\n - slug: a\n   tier: huge",
         "line 3: 'huge' is not a tier: routine, moderate or critical"),
        ("components:\n - name: A",
         "line 2: a component without `slug` (its short name in addresses)"),
        ("components:\n - slug: a b",
         "line 2: `slug` cannot be 'a b' (letters, digits, - and _, at most 60)"),
        ("components:\n - slug: a\n - slug: a", "line 3: 'a' is declared twice (first on line 2)"),
        ("components:\n - slug: a\n   name: x\n   name: y",
         "line 4: `name` stands twice in a component"),
        ("components:\n - slug: a\n   depends_on: b",
         "line 3: `depends_on` is not a list (as in `depends_on: [payments, queue]`)"),
        ("components:\n - slug: a\n   links: {Docs: ftp://x}",
         "line 3: link `Docs` is no web address (http:// or https://)"),
        ("components:\n - slug: a\n   charts:\n    - {title: T}",
         "line 4: a chart without `query`"),
        ("components:\n - slug: a\n   name:", "line 3: `name` is not text"),
        ("components:\n - slug: a\n   name: [",
         "line 3: not YAML: expected the node content, but found '<stream end>'"),
        ("components:\n - slug: \x00", "line 2: a character that YAML does not allow"),
        ("[" * 5000, "line 1: nested too deeply"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(text: str, wanted: str) -> None:
    assert problems(text)[0] == wanted


def test_all_mistakes_are_named_at_once_in_order() -> None:
    text = "components:\n - slug: a\n   tier: x\n - name: b\n - slug: c\n   foo: 1\n"
    lines = [problem.partition(":")[0] for problem in problems(text)]
    assert lines == ["line 3", "line 4", "line 6"]


def test_a_file_too_long_is_refused() -> None:
    assert "longer than" in problems("#" * 1_000_001)[0]


def outcome(text: str) -> list[Declared] | list[Problem]:
    """What was read, or what is wrong: never nothing wrong, never another exception."""
    try:
        return read(text)
    except FileError as error:
        return error.problems or pytest.fail("refused without a reason")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    lines = len(text.splitlines()) + 2
    assert all(1 <= found.line <= lines for found in outcome(text))


_names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS) | _names, _values), max_size=4))
def test_any_yaml_is_read_or_refused(components: list[dict[str, object]]) -> None:
    found = outcome(yaml.safe_dump({"components": components}))
    assert len({type(one) for one in found}) <= 1


@given(st.lists(_names, unique=True, min_size=1, max_size=8), st.data())
def test_a_wrong_key_is_found_on_its_line(slugs: list[str], data: st.DataObject) -> None:
    lines = ["components:"]
    for slug in slugs:
        lines += [f" - slug: '{slug}'", "   description: fine"]
    wrong = data.draw(st.integers(1, len(slugs))) * 2
    lines.insert(wrong, "   ownre: shop")
    assert [p.partition(":")[0] for p in problems("\n".join(lines))] == [f"line {wrong + 1}"]
