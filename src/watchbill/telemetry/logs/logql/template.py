"""Go's text templates, as much of them as log queries need: labels, pipelines, functions, `if`.

Source: https://pkg.go.dev/text/template. Not here: variables, `range`, `with`, `define`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.logql.template_functions import (
    FUNCTIONS,
    TemplateError,
    Value,
    shown,
    truth,
)
from watchbill.telemetry.promql.numbers import unquote

__all__ = ["Template", "TemplateError"]

MAX_RESULT_CHARACTERS = 1_000_000
MAX_DEPTH = 50
"""How deeply an `if` or brackets may be nested."""
_ACTION = re.compile(
    r"""\{\{(- )?((?>/\*(?s:.*?)\*/|"(?:\\.|[^"\\])*+"|`[^`]*+`|(?!( -)?\}\})[^"`])*+)( -)?\}\}"""
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<field>\.[a-zA-Z_]\w*)|(?P<dot>\.)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))
    |(?P<word>[a-zA-Z_]\w*)|(?P<string>"(?:\\.|[^"\\])*+"|`[^`]*+`)|(?P<mark>[|()]))""",
    re.VERBOSE,
)

Expression = Callable[[Entry], Value]


class _Token(NamedTuple):
    kind: str
    text: str


@dataclass
class _Block:
    """Texts and expressions in a row; an `if` is a list of conditions with their blocks."""

    parts: "list[str | Expression | list[tuple[Expression | None, _Block]]]" = field(
        default_factory=list
    )

    def fill(self, entry: Entry, out: list[str]) -> None:
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, list):
                for condition, block in part:
                    if condition is None or truth(condition(entry)):
                        block.fill(entry, out)
                        break
            else:
                out.append(shown(part(entry)))


@dataclass(frozen=True)
class Template:
    """A template ready to be filled. Raises `TemplateError` when it cannot be read."""

    text: str
    _block: _Block = field(init=False, repr=False, compare=False, default_factory=_Block)

    def __post_init__(self) -> None:
        """Read it once."""
        object.__setattr__(self, "_block", _read(self.text))

    def fill(self, entry: Entry) -> str:
        """The text for a line. Raises `TemplateError`."""
        out: list[str] = []
        self._block.fill(entry, out)
        text = "".join(out)
        if len(text) > MAX_RESULT_CHARACTERS:
            raise TemplateError(f"the result is longer than {MAX_RESULT_CHARACTERS} characters")
        return text


def _read(text: str) -> _Block:
    whole = _Block()
    blocks = [whole]  # the innermost at last
    choices: list[list[tuple[Expression | None, _Block]]] = []
    at, trim = 0, False
    while at <= len(text):
        match = _ACTION.search(text, at)
        begin = match.start() if match else len(text)
        literal = text[at:begin]
        if "{{" in literal:
            raise TemplateError("unclosed action")
        literal = literal.lstrip() if trim else literal
        literal = literal.rstrip() if match and match.group(1) else literal
        if literal:
            blocks[-1].parts.append(literal)
        if match is None:
            break
        trim, at = match.group(4) is not None, match.end()
        action = match.group(2).strip()
        if not action.startswith("/*"):
            _act(action, blocks, choices)
    if choices:
        raise TemplateError("unexpected end: an if has no end")
    return whole


def _act(
    action: str, blocks: list[_Block], choices: list[list[tuple[Expression | None, _Block]]]
) -> None:
    """Read what stands between `{{` and `}}` and add it to the innermost block."""
    word, _, rest = action.partition(" ")
    if word == "if":
        choice = [(_expression(rest), _Block())]
        blocks[-1].parts.append(list[tuple[Expression | None, _Block]]())
        opened = blocks[-1].parts[-1]
        assert isinstance(opened, list)
        opened += choice
        choices.append(opened)
        if len(choices) > MAX_DEPTH:
            raise TemplateError("nested too deeply")
        blocks.append(opened[-1][1])
    elif word in ("else", "end"):
        if not choices or (word == "else" and choices[-1][-1][0] is None):
            raise TemplateError(f"unexpected {{{{{word}}}}}")
        blocks.pop()
        if word == "end":
            choices.pop()
            return
        keyword, _, condition = rest.strip().partition(" ")
        if keyword not in ("", "if"):
            raise TemplateError(f"unexpected {rest!r} behind else")
        choices[-1].append((_expression(condition) if keyword else None, _Block()))
        blocks.append(choices[-1][-1][1])
    elif word in ("range", "with", "define", "template", "block", "break", "continue"):
        raise TemplateError(f"{word!r} is not supported")
    else:
        blocks[-1].parts.append(_expression(action))


def _expression(text: str) -> Expression:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise TemplateError(f"unexpected {text[at:].strip()[:20]!r} in action")
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    if sum(token.text == "(" for token in tokens) > MAX_DEPTH:
        raise TemplateError("too many brackets in an action")
    if sum(token.text == "|" for token in tokens) > MAX_DEPTH:
        raise TemplateError("too many functions in an action")
    expression = _pipeline(tokens)
    if tokens:
        raise TemplateError(f"unexpected {tokens[0].text!r} in action")
    return expression


def _pipeline(tokens: list[_Token]) -> Expression:
    """Commands joined by `|`: each is given what the one before made, as its last argument."""
    made = _command(tokens, None)
    while tokens and tokens[0].text == "|" and tokens[0].kind == "mark":
        tokens.pop(0)
        made = _command(tokens, made)
    return made


def _command(tokens: list[_Token], piped: Expression | None) -> Expression:
    if not tokens:
        raise TemplateError("missing value for command")
    head = tokens.pop(0)
    if head.kind != "word" or head.text in ("true", "false", "nil"):
        if piped is not None:
            raise TemplateError(f"{head.text!r} is no function: nothing can be piped into it")
        return _operand(head, tokens)
    args: list[Expression] = []
    while tokens and tokens[0].text not in ("|", ")"):
        args.append(_operand(tokens.pop(0), tokens))
    if piped is not None:
        args.append(piped)
    return _call(head.text, args)


def _operand(token: _Token, tokens: list[_Token]) -> Expression:
    kind, text = token
    if kind == "mark" and text == "(":
        inner = _pipeline(tokens)
        if not tokens or tokens.pop(0).text != ")":
            raise TemplateError("unclosed left paren")
        return inner
    if kind == "field":
        name = text[1:]
        return lambda entry: entry.labels.get(name, "")
    if kind == "number":
        number: Value = float(text) if "." in text else int(text)
        return lambda _: number
    if kind == "string":
        try:
            literal = unquote(text)
        except ValueError as error:
            raise TemplateError(str(error)) from None
        return lambda _: literal
    if kind == "word" and text in ("true", "false"):
        return lambda _: text == "true"
    if kind == "word":
        return _call(text, [])
    raise TemplateError(f"unexpected {text!r} in action")


def _call(name: str, args: list[Expression]) -> Expression:
    if name in ("__line__", "__timestamp__") and not args:
        return lambda entry: entry.line if name == "__line__" else entry.t_ns
    function = FUNCTIONS.get(name)
    if function is None:
        raise TemplateError(f'function "{name}" not defined')
    if not function.least <= len(args) <= function.most:
        raise TemplateError(f"wrong number of args for {name}: got {len(args)}")
    work = function.work

    def call(entry: Entry) -> Value:
        try:
            return work(*[arg(entry) for arg in args])
        except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
            raise TemplateError(f"error calling {name}: {error}") from None

    return call
