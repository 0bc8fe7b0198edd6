"""What the parsers find in lines, against oracles that are written the long way round."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchbill.telemetry.logs.logql.ast import run
from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.logql.extract import Pattern, label_name, read_logfmt
from watchbill.telemetry.logs.logql.parse import parse_lines


def after(stages: str, line: str, **stream: str) -> dict[str, str] | None:
    """The labels behind some stages, `line` among them when it changed; None when dropped."""
    entry = Entry(0, line, tuple(sorted(stream.items())))
    if not run(parse_lines('{a="b"} ' + stages).stages, entry):
        return None
    changed = {"line": entry.line} if entry.line != line else {}
    return entry.labels | changed


@pytest.mark.parametrize(
    ("stages", "line", "labels"),
    [
        ("| json", '{"a":1.50,"b":{"c d":"x","n":null,"e":{"f":true}},"l":[1]}',
         {"a": "1.50", "b_c_d": "x", "b_e_f": "true"}),
        ("| json", '{"app":"other","0k":"v","é.x":"y"}', {"app_extracted": "other", "_0k": "v",
         "__x": "y"}),
        ("| json", '{"big":12345678901234567890123,"e":1e3}', {"big": "12345678901234567890123",
         "e": "1e3"}),
        ('| json x="l[1].z", y="b[\\"c d\\"]", n="no.such"',
         '{"l":[1,{"z":{"k":1.5}}],"b":{"c d":"w"}}',
         {"x": '{"k":1.5}', "y": "w", "n": ""}),
        ("| logfmt", 'a=1 b="x \\"q\\" y" c d= ts=1:2 e=\\n', {"a": "1", "b": 'x "q" y',
         "ts": "1:2", "e": "\\n"}),
        ("| logfmt --keep-empty", 'a= b="" c', {"a": "", "b": "", "c": ""}),
        ('| logfmt x, to="y.z"', "x=1 y.z=2 w=3", {"x": "1", "to": "2"}),
        ("| logfmt", 'a=1 "junk" =x b=2', {"a": "1", "b": "2"}),
        ('| pattern "<ip> - - <_> \\"<method> <path> <_>\\" <status>"',
         '1.2.3.4 - - [x] "GET /a HTTP/1.1" 200',
         {"ip": "1.2.3.4", "method": "GET", "path": "/a", "status": "200"}),
        ('| pattern "level=<level> <_>"', "nolevel", {}),
        ('| pattern "<a>,<b>;<c>"', "1,2", {"a": "1", "b": "2"}),
        ('| regexp "(?P<m>[A-Z]+) (?P<p>\\\\S+)(?P<q>!)?"', "x GET /a", {"m": "GET", "p": "/a",
         "q": ""}),
        ('| regexp "(?P<m>[A-Z]+)"', "nothing", {}),
        ("| unpack", '{"_entry":"inner","k":"v","n":1}', {"k": "v", "line": "inner"}),
        ("| decolorize", "\x1b[31mred\x1b[0m", {"line": "red"}),
        ('| json | line_format "{{.m}}"', '{"m":"x"}', {"m": "x", "line": "x"}),
        ("| json | label_format z=m", '{"m":"x"}', {"z": "x"}),
        ('| json | label_format z="{{.m}}{{.m}}"', '{"m":"x"}', {"m": "x", "z": "xx"}),
        ('| json | drop m, n="2", o="3"', '{"m":"x","n":"2","o":"4"}', {"o": "4"}),
        ('| json | keep m, n="9"', '{"m":"x","n":"2"}', {"m": "x"}),
    ],
)  # fmt: skip
def test_labels_are_found(stages: str, line: str, labels: dict[str, str]) -> None:
    found = after(stages, line, app="shop")
    assert found is not None
    if "| keep" not in stages:
        assert found.pop("app") == "shop"
    assert found == labels


@pytest.mark.parametrize(
    ("condition", "stays"),
    [
        ("n > 5", True), ("n >= 7", True), ("n < 7", False), ("n == 7", True), ("n != 7", False),
        ("n > -1", True), ("n = 7", True), ('n = "7"', True), ('n =~ "[6-8]"', True), ("none > 1",
         False),
        ('none = ""', True), ("took > 1s", True), ("took < 1.5s", False), ("took == 1500ms", True),
        ("size >= 2KB", True), ("size < 2KiB", True), ("size > 1MB", False),
        ('addr = ip("10.0.0.0/8")', True), ('addr != ip("10.0.0.0/8")', False),
        ('addr = ip("10.1.0.1-10.1.0.9")', True), ('addr = ip("10.1.0.6")', False),
        ('addr = ip("::/0")', False), ('n != ip("10.0.0.0/8")', True),
        ("n > 8 or took > 1s", True), ("n > 8 and took > 1s", False), ("n > 8, took > 1s", False),
        ("n > 8 and took > 1s or n == 7", True), ("(n > 8 or n == 7) and none > 1", False),
    ],
)  # fmt: skip
def test_conditions(condition: str, stays: bool) -> None:
    line = '{"n":7,"took":"1.5s","size":"2kB","addr":"10.1.0.5"}'
    assert (after(f"| json | {condition}", line) is not None) is stays


@pytest.mark.parametrize(
    ("stages", "line", "kind"),
    [
        ("| json", "not json", "JSONParserErr"),
        ("| json", "[1]", "JSONParserErr"),
        ("| json", "[" * 100_000, "JSONParserErr"),
        ("| unpack", "5", "JSONParserErr"),
        ("| logfmt --strict", 'a=1 "junk"', "LogfmtParserErr"),
        ("| logfmt | n > 5", "n=x", "LabelFilterErr"),
        ("| logfmt | n > 5s", "n=5", "LabelFilterErr"),
        ('| logfmt | line_format "{{ div 1 (int .n) }}"', "n=0", "TemplateFormatErr"),
        ('| logfmt | label_format x="{{ .n | b64dec }}"', "n=%", "TemplateFormatErr"),
    ],
)
def test_what_cannot_be_done_marks_the_line_and_keeps_it(stages: str, line: str, kind: str) -> None:
    found = after(stages, line)
    assert found is not None
    assert found["__error__"] == kind
    assert found["__error_details__"]
    assert after(stages + ' | __error__=""', line) is None
    assert after(stages + " | drop __error__", line) == {
        name: value for name, value in found.items() if not name.startswith("__error")
    }


KEYS = st.text("abcXYZ019_.-é ", max_size=6)
LEAVES = st.one_of(
    st.text(max_size=8), st.integers(-(10**12), 10**12), st.booleans(), st.none(),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
OBJECTS = st.dictionaries(
    KEYS,
    st.one_of(LEAVES, st.dictionaries(KEYS, st.one_of(LEAVES, st.dictionaries(KEYS, LEAVES)))),
    max_size=3,
)


def flat(value: Any, path: tuple[str, ...] = ()) -> dict[str, str]:
    """What `json` finds, from the object itself."""
    out: dict[str, str] = {}
    for key, inner in value.items():
        parts = (*path, label_name(key)) if any(path) else (label_name(key),)
        name = "_".join(parts)
        match inner:
            case dict():
                out |= flat(inner, parts)
            case True | False:
                out[name] = str(inner).lower()
            case int() | str():
                out[name] = str(inner)
    return {name: text for name, text in out.items() if name}


@given(OBJECTS)
def test_json_as_the_oracle(value: dict[str, Any]) -> None:
    assert after("| json", json.dumps(value)) == flat(value)


def written(value: str) -> str:
    if value and not set(value) & set(' "=\\\t\n'):
        return value
    return json.dumps(value, ensure_ascii=False)


@given(
    st.lists(
        st.tuples(
            st.text("abc_.-é0", min_size=1, max_size=5), st.text('ab ="\\\n\té日', max_size=6)
        )
    )
)
def test_logfmt_that_was_written_is_read(pairs: list[tuple[str, str]]) -> None:
    line = " ".join(f"{key}={written(value)}" for key, value in pairs)
    assert read_logfmt(line) == (pairs, None)


@given(st.text('ab=" \\\n0', max_size=30))
def test_any_line_is_read_as_logfmt(line: str) -> None:
    pairs, wrong_at = read_logfmt(line)
    assert all(key and not set(key) & set(' "=\n') for key, _ in pairs)
    assert wrong_at is None or not line[wrong_at].isspace()


def captured(parts: list[str], names: list[str], line: str) -> dict[str, str]:
    """What `pattern` finds: literal, name, literal, … taken off the line from the left."""
    if not line.startswith(parts[0]):
        return {}
    rest, out = line[len(parts[0]) :], {}
    for name, literal in zip(names, parts[1:], strict=True):
        before, found, behind = rest.partition(literal) if literal else (rest, "", "")
        out[name] = before
        if not found:
            break
        rest = behind
    return out


@given(
    st.lists(st.text("-: x", min_size=1, max_size=2), min_size=2, max_size=4),
    st.booleans(), st.booleans(), st.text("-: xab", max_size=20),
)  # fmt: skip
def test_pattern_as_the_oracle(parts: list[str], first: bool, last: bool, line: str) -> None:
    parts = ["" if first else parts[0], *parts[1:-1], "" if last else parts[-1]]
    names = [f"n{index}" for index in range(len(parts) - 1)]
    text = parts[0] + "".join(f"<{n}>{p}" for n, p in zip(names, parts[1:], strict=True))
    assert dict(Pattern(text).captures(line)) == captured(parts, names, line)


STAGES = st.sampled_from([
    "| json", '| json x="a[0].b"', "| logfmt", "| logfmt --strict --keep-empty a, b", "| unpack",
    '| pattern "<a>=<b> <_>"', "| regexp `(?P<a>\\w+)=(?P<b>.)`", "| decolorize", "| a > 5",
    "| a < 1.5s or b == 2KB", '| a = ip("10.0.0.0/8")', '| a =~ ".+"', "| drop a, __error__",
    "| keep a", "| label_format b=a, c=`{{.a | default .b}}`", "| label_format a=`{{ div 1 .a }}`",
    "| line_format `{{ .a }}{{ int .b }}{{ __line__ }}`", "| line_format `{{ bytes .a }}`",
    '!= "z"', "| line_format `{{ regexReplaceAll .a .b .a }}`", "|~ `a|b`",
])  # fmt: skip
BITS = st.sampled_from([
    "a=1", "b=", '"', '{"a":', "[1,", '{"b":"x"}', "}", "a=10.0.0.1", "b=2KB", "a=1e999", "a=-",
    "(", "é", '{"_entry":"a=2"}', "a=nan", "\x1b[1m", "\\u12", "a=1.5s", "=", " ",
    "\n", "\x00", "1" * 30,
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(STAGES, max_size=5), st.one_of(st.lists(BITS).map(" ".join), st.text()))
def test_no_line_breaks_any_pipeline(stages: list[str], line: str) -> None:
    found = after(" ".join(stages), line, app="shop")
    assert found is None or all(isinstance(value, str) for value in found.values())
