"""Reads a runbook: YAML front matter, then a `## heading`, prose and one typed block per step.

    ---
    slug: restart-payments
    title: Restart payments
    tier: moderate
    ---
    When payments hangs.

    ## Restart it
    Takes ten seconds.

    ```command
    [systemctl-restart, payments]
    ```

`docs/runbooks.md` shows every kind of block. Pure: text in, a `Procedure` or `Unreadable` out.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from watchbill.lib.levels import Area, Tier
from watchbill.lib.problems import Problem, Unreadable
from watchbill.runbooks.procedure import (
    Check,
    Command,
    Confirm,
    Doing,
    Http,
    Procedure,
    Step,
    Value,
)

LONGEST: Final = 200_000  # characters
KINDS: Final = ("confirm", "value", "promql", "command", "http")
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HEAD: Final = ("slug", "title", "component", "tier", "area")
HTTP_KEYS: Final = ("method", "url", "headers", "body", "expect", "timeout")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_LENGTH = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class _Wrong(Exception):
    """Ends the reading of one part with one problem."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        self.problem = Problem(line, what, hint)


def parse(text: str) -> Procedure:
    """The procedure that `text` describes. Raises Unreadable with every problem and its line."""
    text = text.replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise Unreadable([Problem(1, f"longer than {LONGEST} characters", "Split it in two.")])
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise Unreadable([Problem(line, "contains a NUL character")])
    problems: list[Problem] = []
    head, first = _head(text, problems)
    intro, sections = _sections(text, first)
    steps = []
    known: set[str] = set()
    for section in sections:
        try:
            step = _step(section, known)
        except _Wrong as wrong:
            problems.append(wrong.problem)
            continue
        steps.append(step)
        if isinstance(step.do, Value):
            known.add(step.do.name)
    if not sections:
        hint = "A step is a `## Title`, prose and one block such as ```confirm."
        problems.append(Problem(first + 1, "there are no steps", hint))
    if problems:
        raise Unreadable(problems)
    return Procedure(
        slug=head["slug"], title=head["title"], component=head.get("component", ""),
        tier=head.get("tier", "routine"), area=head.get("area", Area.INCIDENT_RESPONSE.value),
        intro=intro, steps=tuple(steps),
    )  # fmt: skip


def places(text: str) -> list[str]:
    """The names that stand as `{name}` in `text`."""
    return _PLACE.findall(text)


def seconds(text: str) -> float | None:
    """A length such as 30s, 5m or 1h30m in seconds; None if it is none."""
    found = _LENGTH.fullmatch(text.strip())
    if not found or not text.strip():
        return None
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + rest)


# The head


def _head(text: str, problems: list[Problem]) -> tuple[dict[str, str], int]:
    """The front matter's values, and how many lines it takes."""
    found = _FRONT.match(text)
    if not found:
        hint = "Begin with a line ---, then slug, title, tier and area, then a line ---."
        problems.append(Problem(1, "there is no front matter", hint))
        return {}, 0
    lines = text[: found.end()].count("\n")
    try:
        head = _yaml(found[1], 1, typed=False)
    except _Wrong as wrong:
        problems.append(wrong.problem)
        return {}, lines
    if not isinstance(head, dict):
        problems.append(Problem(2, "the front matter is no list of `key: value` lines"))
        return {}, lines
    problems += [
        Problem(_line_of(found[1], key), what, hint) for key, what, hint in _wrong_in_head(head)
    ]
    return head, lines


def _wrong_in_head(head: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, value in head.items():
        if key not in HEAD:
            yield key, f"{key!r} is not known here", f"Known: {', '.join(HEAD)}."
        elif not isinstance(value, str):
            yield key, f"{key} is not a single word or sentence", ""
    if not all(isinstance(value, str) for value in head.values()):
        return
    slug, title = head.get("slug", ""), head.get("title", "").strip()
    if not _SLUG.fullmatch(slug):
        yield "slug", f"{slug!r} is no slug", "Small letters, digits and hyphens, at most 60."
    if not 0 < len(title) <= 200:
        yield "title", "it needs a title", "1 to 200 characters."
    component = head.get("component", "")
    if component and not _SLUG.fullmatch(component):
        yield "component", f"{component!r} is no component's slug", ""
    if head.get("tier", "routine") not in {tier.word for tier in Tier}:
        yield "tier", f"{head['tier']!r} is not a tier", "routine, moderate or critical"
    if head.get("area", "incident-response") not in set(Area):
        yield "area", f"{head['area']!r} is not an area", ", ".join(Area)


def _line_of(front: str, key: str) -> int:
    for number, line in enumerate(front.split("\n")):
        if line.startswith(f"{key}:"):
            return number + 2
    return 1


# The steps


@dataclass(frozen=True)
class _Section:
    """One step as written. `line` is its heading's; `blocks` are its fenced blocks."""

    title: str
    line: int
    prose: str
    blocks: list[tuple[int, str, str]]  # line, info string, content


def _sections(text: str, first: int) -> tuple[str, list[_Section]]:
    """The text before the first heading, and the steps."""
    lines = text.split("\n")[first:]
    tokens = MarkdownIt("commonmark", {"html": False}).parse("\n".join(lines))
    heads = [
        (token.map[0], token.map[1], tokens[at + 1].content.strip())
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and token.map
    ]
    fences = [token for token in tokens if token.type == "fence" and token.map]
    ends = [*(head[0] for head in heads[1:]), len(lines)][: len(heads)]
    intro = "\n".join(lines[: heads[0][0]] if heads else lines).strip()
    sections = []
    for (start, body, title), end in zip(heads, ends, strict=True):
        own = [fence for fence in fences if fence.map and body <= fence.map[0] < end]
        typed = [fence for fence in own if _kind(fence) in KINDS]
        hidden = {n for fence in typed if fence.map for n in range(*fence.map)}
        prose = "\n".join(lines[n] for n in range(body, end) if n not in hidden).strip()
        shown = typed or own
        blocks = [(f.map[0] + first + 1, f.info.strip(), f.content) for f in shown if f.map]
        sections.append(_Section(title, start + first + 1, prose, blocks))
    return intro, sections


def _kind(fence: Token) -> str:
    return fence.info.strip().partition(" ")[0]


def _step(section: _Section, known: set[str]) -> Step:
    if not section.title:
        raise _Wrong(section.line, "the step has no title", "Write it after the ##.")
    typed = [block for block in section.blocks if block[1].partition(" ")[0] in KINDS]
    if not typed:
        words = ", ".join(repr(info) for _, info, _ in section.blocks if info)
        what = f"the step “{section.title}” has no typed block"
        hint = f"One of {', '.join(KINDS)}" + (f"; {words} is none of them." if words else ".")
        raise _Wrong(section.line, what, hint)
    if len(typed) > 1:
        what = f"the step “{section.title}” has {len(typed)} typed blocks"
        raise _Wrong(typed[1][0], what, "One step does one thing: make two steps.")
    line, info, content = typed[0]
    kind, _, rest = info.partition(" ")
    if rest.strip() and kind != "value":
        raise _Wrong(line, f"nothing may follow {kind!r} on this line")
    readers = {"confirm": _confirm, "promql": _check, "command": _command, "http": _http}
    do = _value(rest.strip(), content, line) if kind == "value" else readers[kind](content, line)
    for name in sorted(_names(do) - known):
        hint = f"Ask for it in an earlier step: ```value {name}"
        raise _Wrong(line, f"{{{name}}} is not known at this step", hint)
    return Step(title=section.title[:200], prose=section.prose, do=do)


def _names(do: Doing) -> set[str]:
    if isinstance(do, Command):
        return {name for word in do.argv for name in places(word)}
    if isinstance(do, Http):
        return {*places(do.url), *places(json.dumps(do.body))}
    if isinstance(do, Check):
        return {name for name in places(do.expression) if f'"{{{name}}}"' in do.expression}
    return set()


def _confirm(content: str, line: int) -> Doing:
    if not content.strip():
        raise _Wrong(line, "there is nothing to confirm", "Write the statement into the block.")
    return Confirm(content.strip())


def _value(name: str, content: str, line: int) -> Doing:
    if not _NAME.fullmatch(name):
        what = f"{name!r} is no name for a value" if name else "the value has no name"
        raise _Wrong(line, what, "```value node: small letters, digits and _.")
    if not content.strip():
        raise _Wrong(line, "the question is missing", "Write it into the block.")
    return Value(name, content.strip())


def _check(content: str, line: int) -> Doing:
    within, lines = 0.0, content.split("\n")
    while lines and (found := re.fullmatch(r"\s*([a-z]+)\s*:\s*(\S.*|)", lines[0])):
        if found[1] != "within":
            raise _Wrong(line + 1, f"{found[1]!r} is no setting of a check", "within: 5m")
        length = seconds(found[2])
        if length is None or not 0 < length <= 3600:
            raise _Wrong(line + 1, f"{found[2]!r} is no length of time", "within: 5m, at most 1h")
        within, lines = length, lines[1:]
    expression = "\n".join(lines).strip()
    if not expression:
        raise _Wrong(line, "the expression is missing", "PromQL whose result must not be 0.")
    return Check(expression, within)


def _command(content: str, line: int) -> Doing:
    hint = 'Write [name-in-the-allow-list, argument, "{value}"].'
    words = _yaml(content, line, typed=False)
    if not isinstance(words, list) or not words:
        raise _Wrong(line, "a command is a YAML list of words", hint)
    argv = []
    for word in words:
        if isinstance(word, dict) and len(word) == 1 and list(word.values()) == [""]:
            word = f"{{{next(iter(word))}}}"  # [drain, {node}] without quotes is a map in YAML
        if not isinstance(word, str) or not word:
            raise _Wrong(line, f"{word!r} is not a word", hint)
        if places(word) and not _PLACE.fullmatch(word):
            what = f"{word!r} mixes text and a value"
            raise _Wrong(line, what, "A value is an argument of its own.")
        argv.append(word)
    if places(argv[0]):
        raise _Wrong(line, "the command itself cannot be a value", hint)
    return Command(tuple(argv))


def _http(content: str, line: int) -> Doing:
    said = _yaml(content, line, typed=True)
    if not isinstance(said, dict):
        raise _Wrong(line, "a request is a list of `key: value` lines", "method: POST, url: …")
    for key in said:
        if key not in HTTP_KEYS:
            raise _Wrong(line, f"{key!r} is not known here", f"Known: {', '.join(HTTP_KEYS)}.")
    method, url = str(said.get("method", "GET")).upper(), said.get("url")
    if method not in METHODS:
        raise _Wrong(line, f"{method!r} is no method", ", ".join(METHODS))
    if not isinstance(url, str) or not re.match(r"https?://[^/{}\s]+(/|\Z)", url):
        hint = "It begins with http:// and a host; a {value} may stand behind the host only."
        raise _Wrong(line, f"{url!r} is no address", hint)
    headers = said.get("headers", {})
    if not isinstance(headers, dict) or not all(
        isinstance(key, str) and isinstance(value, str) and key.isascii() and value.isascii()
        and not set("\r\n") & set(key + value)
        for key, value in headers.items()
    ):  # fmt: skip
        raise _Wrong(line, "headers are `name: value` lines of text", "Put numbers in quotes.")
    return Http(
        method=method, url=url, headers=headers, body=_body(said.get("body"), line),
        expect=_expect(said.get("expect"), line), timeout=_timeout(said.get("timeout"), line),
    )  # fmt: skip


def _body(body: Any, line: int) -> Any:
    try:
        # YAML 1.1 reads on, yes and 1 as no text: as keys they would be sent as "true" and "1".
        for key in _keys(body):
            if not isinstance(key, str):
                raise _Wrong(line, f"{key!r} in the body is no text", "Put the key into quotes.")
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        hint = "Put dates into quotes."
        raise _Wrong(line, "the body cannot be sent as JSON", hint) from None
    if isinstance(body, str) and places(body):
        hint = "Write the body as a map; it is then sent as JSON."
        raise _Wrong(line, "a text body cannot contain a value", hint)
    return body


def _keys(body: Any) -> Iterator[Any]:
    inner = list(body.values()) if isinstance(body, dict) else body
    for value in inner if isinstance(inner, list) else ():
        yield from _keys(value)
    if isinstance(body, dict):
        yield from body


def _expect(expect: Any, line: int) -> tuple[int, ...]:
    wanted = expect if isinstance(expect, list) else [] if expect is None else [expect]
    if not all(type(status) is int and 100 <= status <= 599 for status in wanted):
        raise _Wrong(line, f"{expect!r} is no status", "expect: 200, or expect: [200, 204]")
    return tuple(wanted)


def _timeout(timeout: Any, line: int) -> float:
    length = 10.0 if timeout is None else seconds(str(timeout))
    if length is None or not 0 < length <= 300:
        raise _Wrong(line, f"{timeout!r} is no time-out", "timeout: 30s, at most 5m")
    return length


def _yaml(text: str, line: int, *, typed: bool) -> Any:
    """The YAML value in `text`, which begins after `line`. Untyped, every scalar is text."""
    loader = yaml.SafeLoader if typed else yaml.BaseLoader
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                at = line + (event.start_mark.line + 1 if event.start_mark else 0)
                raise _Wrong(at, "references (*name) are not used here")
        return yaml.load(text, Loader=loader)  # noqa: S506 (BaseLoader only makes strings)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _Wrong(line + at, f"this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise _Wrong(line, f"this is not YAML: {str(error).splitlines()[0]}") from None
    except (RecursionError, ValueError, OverflowError):
        raise _Wrong(line, "this YAML cannot be read", "Simpler values, less nesting.") from None
