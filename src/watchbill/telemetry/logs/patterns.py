"""Templates of log lines, found as the lines come: what stays is text, what varies is `<_>`.

A line is split into words and what stands between them, its *layout*. A word with a digit varies.
Lines of one layout and first word make a leaf of a tree (as in Drain, whose leaves are found by the
number of words); in a leaf each combination of the other words is a template. When a leaf has more
than `MAX_PER_LEAF`, the place at which most different words stand varies from then on, and what has
become equal is one template: so messages stay apart and names do not.

Compare: He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree, 2017
"""

import re
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

PLACEHOLDER = "<_>"

MAX_PER_LEAF = 40
MAX_TEMPLATES = 2_000
"""Of more, the one that was not seen for longest is forgotten."""
MAX_CHARACTERS = 2_000
"""Of a longer line the rest is not looked at."""

_WORD = re.compile(r"[/\w](?:[\w.:/@%+~-]*[\w/%])?")
_DIGIT = re.compile(r"\d")
_HOLE = "\x00"
_RUN = re.compile(rf"{PLACEHOLDER}(?:[ ,]+{PLACEHOLDER})+")

Words = tuple[str | None, ...]
"""The words of a line or template; None where they vary."""


@dataclass
class Template:
    """Lines of one shape, and how many were seen in each bucket of time."""

    leaf: "_Leaf"
    words: Words
    counts: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        parts = self.leaf.layout.split(_HOLE)
        text = [parts[0]]
        for word, part in zip(self.words, parts[1:], strict=True):
            text += [PLACEHOLDER if word is None else word, part]
        return _RUN.sub(PLACEHOLDER, "".join(text))


@dataclass
class _Leaf:
    """The templates of one layout and first word; `varying` are the places learnt to vary."""

    layout: str
    varying: list[int] = field(default_factory=list)
    templates: dict[Words, Template] = field(default_factory=dict)

    def masked(self, words: Words) -> Words:
        """The words without those at places that vary."""
        if not self.varying:
            return words
        kept = list(words)
        for place in self.varying:
            kept[place] = None
        return tuple(kept)

    def busiest(self) -> int:
        """The place at which most different words stand."""
        places = zip(*self.templates, strict=True)
        distinct = [len(set(words) - {None}) for words in places]
        return distinct.index(max(distinct))


class Miner:
    """Finds templates in lines that are added one by one. Its memory is bounded."""

    def __init__(self, bucket_seconds: int) -> None:
        self._bucket = bucket_seconds
        self._leaves: dict[tuple[str, str], _Leaf] = {}
        self._recent: OrderedDict[int, tuple[tuple[str, str], Template]] = OrderedDict()

    def __len__(self) -> int:
        """How many templates are kept."""
        return len(self._recent)

    def add(self, t_ns: int, line: str, count: int = 1) -> None:
        """Count a line, as `count` lines."""
        line = line[:MAX_CHARACTERS].replace(_HOLE, " ")
        layout = _WORD.sub(_HOLE, line)
        words = tuple(None if _DIGIT.search(word) else word for word in _WORD.findall(line))
        key = (layout, next((word for word in words if word is not None), ""))
        second = t_ns // 1_000_000_000
        self._template(key, words).counts[second - second % self._bucket] += count

    def _template(self, key: tuple[str, str], words: Words) -> Template:
        leaf = self._leaves.setdefault(key, _Leaf(key[0]))
        words = leaf.masked(words)
        found = leaf.templates.get(words)
        if found is None:
            while len(leaf.templates) >= MAX_PER_LEAF:
                self._generalise(key, leaf)
                words = leaf.masked(words)
            found = leaf.templates.get(words) or self._made(key, leaf, words)
            if len(self._recent) > MAX_TEMPLATES:
                self._forget()
        self._recent.move_to_end(id(found))
        return found

    def _made(self, key: tuple[str, str], leaf: _Leaf, words: Words) -> Template:
        made = leaf.templates[words] = Template(leaf, words)
        self._recent[id(made)] = key, made
        return made

    def _generalise(self, key: tuple[str, str], leaf: _Leaf) -> None:
        """Let one more place vary, and put together what has become equal."""
        leaf.varying.append(leaf.busiest())
        before, leaf.templates = leaf.templates, {}
        for words, template in before.items():
            del self._recent[id(template)]
            masked = leaf.masked(words)
            joined = leaf.templates.get(masked) or self._made(key, leaf, masked)
            joined.counts.update(template.counts)

    def _forget(self) -> None:
        _, (key, template) = self._recent.popitem(last=False)
        del template.leaf.templates[template.words]
        if not template.leaf.templates:
            del self._leaves[key]

    def patterns(self) -> dict[str, dict[int, int]]:
        """By pattern, the one seen most first, how many lines there were in each bucket of time
        (its first Unix second)."""
        found: dict[str, Counter[int]] = {}
        for _, template in self._recent.values():
            found.setdefault(str(template), Counter()).update(template.counts)
        by_size = sorted(found.items(), key=lambda item: -item[1].total())
        return {pattern: dict(sorted(counts.items())) for pattern, counts in by_size}
