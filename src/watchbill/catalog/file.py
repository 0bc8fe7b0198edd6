"""The components file: YAML that declares what the team runs, read with line numbers. Pure.

    components:
      - slug: checkout
        name: Checkout
        description: Takes the order and the money.
        owner: shop                 # the slug of a team
        tier: critical              # routine, moderate or critical
        depends_on: [payments]
        links: {Repository: "https://git.example/checkout"}
        charts:
          - {title: Errors, query: "rate(http_errors_total[5m])", unit: ""}

Only `slug` is needed. A key that is left out keeps what the catalogue says; a component that is
left out stays as it is.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from watchbill.lib.levels import Tier

KEYS = ("slug", "name", "description", "owner", "tier", "depends_on", "links", "charts")
CHART_KEYS = ("title", "query", "unit")
LONGEST = 1_000_000  # characters
MOST_PROBLEMS = 20
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Problem:
    """What is wrong in the file, where, and what would do."""

    line: int  # from 1
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class FileError(Exception):
    """The file cannot be used; `problems` says why, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems[:MOST_PROBLEMS]))
        self.problems = problems


@dataclass(frozen=True)
class Declared:
    """One component as the file declares it. `said` holds only the keys that were given."""

    slug: str
    line: int
    said: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)  # key -> its line


def read(text: str) -> list[Declared]:
    """The components that `text` declares. Raises FileError with every problem found."""
    if len(text) > LONGEST:
        raise FileError([Problem(1, f"The file is longer than {LONGEST:,} characters")])
    reader = _Reader()
    declared = list(reader.components(_compose(text)))
    reader.once(declared)
    if reader.problems:
        raise FileError(sorted(reader.problems, key=lambda problem: problem.line))
    return declared


def _compose(text: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = (error.problem or "not YAML").replace("\n", " ")
        raise FileError([Problem(mark.line + 1 if mark else 1, f"not YAML: {what}")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FileError([Problem(line, "a character that YAML does not allow")]) from None
    except RecursionError:
        raise FileError([Problem(1, "nested too deeply")]) from None
    if node is None:
        raise FileError([Problem(1, "the file is empty", "start with `components:`")])
    return node


class _Reader:
    """Walks the nodes and collects problems, so that one look shows all of them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, node: yaml.Node, what: str, hint: str = "") -> None:
        self.problems.append(Problem(node.start_mark.line + 1, what, hint))

    def components(self, top: yaml.Node) -> Iterator[Declared]:
        for key, name, value in self.pairs(top, "the file", ("components",)):
            if not isinstance(value, yaml.SequenceNode):
                self.wrong(key, f"`{name}` is not a list", "start each component with `- slug:`")
                continue
            for item in value.value:
                if found := self.component(item):
                    yield found

    def component(self, node: yaml.Node) -> Declared | None:
        said: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, name, value in self.pairs(node, "a component", KEYS):
            lines[name] = key.start_mark.line + 1
            read_value = getattr(self, f"_{name}", self.text)(value, f"`{name}`")
            if read_value is not None:
                said[name] = read_value
        slug = said.pop("slug", None)
        if slug is None:
            if "slug" not in lines and isinstance(node, yaml.MappingNode):
                self.wrong(node, "a component without `slug`", "its short name in addresses")
            return None
        return Declared(slug, node.start_mark.line + 1, said, lines)

    def once(self, declared: list[Declared]) -> None:
        first: dict[str, int] = {}
        for one in declared:
            if one.slug in first:
                what = f"{one.slug!r} is declared twice"
                self.problems.append(Problem(one.line, what, f"first on line {first[one.slug]}"))
            first.setdefault(one.slug, one.line)

    def pairs(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None
    ) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        """The key nodes, keys and values of a mapping; `known` keys only, each once."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f"{what} is not a mapping of keys to values")
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = self.text(key, "a key")
            if name is None:
                continue
            if known is not None and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else "known: " + ", ".join(known)
                self.wrong(key, f"`{name}` is no key of {what}", hint)
            elif name in seen:
                self.wrong(key, f"`{name}` stands twice in {what}")
            else:
                seen.add(name)
                yield key, name, value

    def text(self, node: yaml.Node, what: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
            return str(node.value).strip()
        self.wrong(node, f"{what} is not text")
        return None

    def _slug(self, node: yaml.Node, what: str) -> str | None:
        slug = self.text(node, what)
        if slug is not None and not _SLUG.fullmatch(slug):
            hint = "letters, digits, - and _, at most 60"
            self.wrong(node, f"{what} cannot be {slug[:70]!r}", hint)
            return None
        return slug

    def _name(self, node: yaml.Node, what: str) -> str | None:
        name = self.text(node, what)
        if name is not None and not 0 < len(name) <= 100:
            self.wrong(node, f"{what} has 1 to 100 characters")
            return None
        return name

    def _tier(self, node: yaml.Node, what: str) -> Tier | None:
        word = self.text(node, what)
        if word is None:
            return None
        try:
            return Tier.read(word)
        except ValueError as error:
            self.wrong(node, str(error))
            return None

    def _depends_on(self, node: yaml.Node, what: str) -> list[str] | None:
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, f"{what} is not a list", "as in `depends_on: [payments, queue]`")
            return None
        slugs = [self._slug(item, f"an entry of {what}") for item in node.value]
        return [slug for slug in dict.fromkeys(slugs) if slug is not None]

    def _links(self, node: yaml.Node, what: str) -> dict[str, str] | None:
        links = {}
        for _, title, value in self.pairs(node, what, None):
            url = self.text(value, f"link `{title}`")
            if url is not None and not url.startswith(("http://", "https://")):
                self.wrong(value, f"link `{title}` is no web address", "http:// or https://")
            elif url is not None:
                links[title] = url
        return links

    def _charts(self, node: yaml.Node, what: str) -> list[dict[str, str]] | None:
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, f"{what} is not a list", "as in `- {title: Errors, query: …}`")
            return None
        return [chart for item in node.value if (chart := self._chart(item))]

    def _chart(self, node: yaml.Node) -> dict[str, str] | None:
        chart = {
            name: self.text(value, f"`{name}`") or ""
            for _, name, value in self.pairs(node, "a chart", CHART_KEYS)
        }
        missing = [name for name in ("title", "query") if not chart.get(name)]
        if missing and isinstance(node, yaml.MappingNode):
            self.wrong(node, f"a chart without `{missing[0]}`")
        return chart if not missing else None
