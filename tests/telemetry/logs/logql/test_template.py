"""Templates: what they print, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.logql.template import Template, TemplateError

T = 1_700_000_000_123_456_789
LABELS = (("app", "shop"), ("ms", "7"), ("msg", "Hello, World"), ("size", "2KB"), ("took", "1m30s"))


def filled(text: str) -> str:
    return Template(text).fill(Entry(T, "the line", LABELS))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("{{.app}}-{{ .none }}-", "shop--"),
        ("{{ __line__ }} {{ __timestamp__ | unixEpoch }}", "the line 1700000000"),
        ("{{ .msg | ToUpper | trunc 5 }}", "HELLO"),
        ("{{ ToLower .msg }}", "hello, world"),
        ('{{ Replace .msg "o" "0" -1 }} {{ .msg | replace "l" "L" }}', "Hell0, W0rld HeLLo, WorLd"),
        ('{{ Trim "  x " " " }}|{{ TrimPrefix .app "sh" }}|{{ .app | trimSuffix "op" }}',
         "x|op|sh"),
        ('{{ regexReplaceAll "(H)(e)" .msg "$2${1}" }}', "eHllo, World"),
        ('{{ regexReplaceAllLiteral "H" .msg "$1" }}', "$1ello, World"),
        ('{{ .msg | count "o" }} {{ len .msg }}', "2 12"),
        ("{{ substr 0 3 .msg }}{{ trunc -2 .msg }}", "Helld"),
        ("[{{ alignLeft 6 .app }}] [{{ alignRight 3 .msg }}]", "[shop  ] [rld]"),
        ("{{ add 1 2 3 }} {{ sub 5 .ms }} {{ mul 2 3 }} {{ div -7 2 }} {{ mod -7 2 }}",
         "6 -2 6 -3 -1"),
        ("{{ addf 1.5 2 }} {{ divf 1 4 }} {{ round 1.256 2 }} {{ floor 1.9 }} {{ ceil 1.1 }}",
         "3.5 0.25 1.26 1 2"),
        ("{{ max 1 9 3 }} {{ minf 1.5 0.5 }}", "9 0.5"),
        ("{{ bytes .size }} {{ duration .took }}", "2000 90"),
        ('{{ printf "%5d|%-6s|%.2f|%q|%%" (int .ms) .app (float64 .ms) .app }}',
         '    7|shop  |7.00|"shop"|%'),
        ("{{ if eq .app \"shop\" }}a{{ else }}b{{ end }}", "a"),
        ("{{ if gt (int .ms) 9 }}a{{ else if .none }}b{{ else }}c{{ end }}", "c"),
        ("{{ if and .app (not .none) }}{{ if .ms }}x{{ end }}{{ end }}", "x"),
        ('{{ if or .none (hasPrefix "He" .msg) }}y{{ end }}', "y"),
        ('{{ .none | default "d" }} {{ "`}}`" }} {{ `"{{` }}', "d `}}` \"{{"),
        ("a {{- .app -}} b{{/* said */}}", "ashopb"),
        ('{{ b64enc .app }} {{ "c2hvcA==" | b64dec }} {{ urlencode "a b" }}', "c2hvcA== shop a+b"),
        ('{{ "a\\nb" | indent 2 }} {{ repeat 3 "x" }}', "  a\n  b xxx"),
        ('{{ contains "World" .msg }} {{ ne .app "x" }} {{ lt 1 2 }}', "true true true"),
    ],
)  # fmt: skip
def test_what_is_printed(text: str, shown: str) -> None:
    assert filled(text) == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{", "unclosed action"),
        ("{{ if .a }}", "an if has no end"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ if .a }}{{ else }}{{ else }}{{ end }}", "unexpected {{else}}"),
        ("{{ range .a }}{{ end }}", "'range' is not supported"),
        ("{{ nope .a }}", 'function "nope" not defined'),
        ("{{ ToUpper }}", "wrong number of args for ToUpper: got 0"),
        ("{{ .a | .b }}", "nothing can be piped"),
        ("{{ ( .a }}", "unclosed left paren"),
        ("{{ .a ) }}", "unexpected ')'"),
        ("{{ }}", "missing value"),
        ("{{ $x }}", "unexpected '$x'"),
        ("{{ .a.b }}", "unexpected"),
        ("{{ . }}", "unexpected '.'"),
        ("{{" + "/**/" * 100, "unclosed action"),
        ("{{ if .a }}" * 51 + "{{ end }}" * 51, "nested too deeply"),
        ("{{ " + "(" * 51 + " }}", "too many brackets"),
        ("{{ .a" + " | lower" * 51 + " }}", "too many functions"),
    ],
)
def test_what_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(
        TemplateError, match=says.replace("(", r"\(").replace(")", r"\)").replace("$", r"\$")
    ):
        Template(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ div 1 0 }}", "{{ int .msg }}", '{{ regexReplaceAll "(" .msg "" }}',
        '{{ "%" | b64dec }}',
        '{{ repeat 999999999 "x" }}', "{{ indent 999999999 .msg }}",
        "{{ alignLeft 999999999 .msg }}",
        '{{ printf "%999999999d" 1 }}', "{{ gt .ms 5 }}", "{{ mul 9223372036854775807 2 }}",
        '{{ replace "b" (repeat 90000 "c") (repeat 90000 "b") }}',
        '{{ regexReplaceAll "a*" (repeat 90000 "b") (repeat 90000 "c") }}',
    ],
)  # fmt: skip
def test_what_cannot_be_filled(text: str) -> None:
    with pytest.raises(TemplateError):
        filled(text)


PIECES = st.sampled_from([
    "{{", "}}", "{{-", "-}}", ".app", ".ms", "|", "(", ")", "if", "else", "end", "ToUpper", "trunc",
    "3", "-1", "1e9", '"x"', "`y`", "printf", '"%d%s"', "add", "int", "eq", "true", "/* */",
    "repeat",
    "substr", "regexReplaceAll", "text", " ",
])  # fmt: skip


@given(st.one_of(st.lists(PIECES, max_size=15).map(" ".join), st.text(max_size=30)))
def test_any_text_is_read_or_refused(text: str) -> None:
    for one in (text, "{{ " + text + " }}"):
        try:
            Template(one).fill(Entry(T, "line", LABELS))
        except TemplateError:
            continue
