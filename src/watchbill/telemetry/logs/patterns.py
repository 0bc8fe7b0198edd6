"""Templates of log lines, found as the lines come: what stays is text, what varies is `<_>`.

A line is split into words and what stands between them, its *skeleton*. Words with a digit vary.
Lines with the same skeleton whose first words agree (a tree, as in Drain) are compared with the
templates found there: one that shares enough of its words is joined, and the words that differ
vary from then on.

Source of the idea: He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree, 2017
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field

PLACEHOLDER = "<_>"

PREFIX_WORDS = 2
"""How many of the first words that do not vary have to agree."""
SIMILAR = 0.8
"""The share of a template's words that a line must have to join it …"""
SIMILAR_WHEN_CROWDED = 0.5
"""… and once there are `CROWDED` templates that differ less: what varies then is no keyword."""
CROWDED = 12
MAX_TEMPLATES = 2_000
"""Of more, the one that was not seen for longest is forgotten."""
MAX_CHARACTERS = 2_000
"""Of a longer line the rest is not looked at."""

_WORD = re.compile(r"[/\w](?:[\w.:/@%+~-]*[\w/%])?")
_DIGIT = re.compile(r"\d")
_HOLE = "\x00"
_RUN = re.compile(rf"{PLACEHOLDER}(?:[ ,]+{PLACEHOLDER})+")


@dataclass
class Template:
    """Lines of one shape: its words, None where they vary, and when how many were seen."""

    skeleton: str
    words: list[str | None]
    counts: dict[int, int] = field(default_factory=dict)

    def similar(self, words: list[str | None]) -> float:
        """The share of this template's words that a line has at the same places."""
        fixed = same = 0
        for own, other in zip(self.words, words, strict=True):
            if own is not None:
                fixed += 1
                same += own == other
        return same / fixed if fixed else 1.0

    def join(self, words: list[str | None]) -> None:
        """Let vary what differs."""
        self.words = [
            own if own == other else None for own, other in zip(self.words, words, strict=True)
        ]

    def __str__(self) -> str:
        parts = self.skeleton.split(_HOLE)
        text = [parts[0]]
        for word, part in zip(self.words, parts[1:], strict=True):
            text += [PLACEHOLDER if word is None else word, part]
        return _RUN.sub(PLACEHOLDER, "".join(text))


class Miner:
    """Finds templates in lines that are added one by one. Its memory is bounded."""

    def __init__(self, bucket_seconds: int) -> None:
        self._bucket = bucket_seconds
        self._leaves: dict[tuple[str, ...], list[Template]] = {}
        self._recent: OrderedDict[int, tuple[tuple[str, ...], Template]] = OrderedDict()

    def __len__(self) -> int:
        """How many templates are kept."""
        return len(self._recent)

    def add(self, t_ns: int, line: str, count: int = 1) -> Template:
        """Count a line (for `count` of its kind); the template that it belongs to."""
        line = line[:MAX_CHARACTERS].replace(_HOLE, " ")
        skeleton = _WORD.sub(_HOLE, line)
        words = [None if _DIGIT.search(word) else word for word in _WORD.findall(line)]
        fixed = [word for word in words if word is not None]
        key = (skeleton, *fixed[:PREFIX_WORDS])
        template = self._template(key, words)
        second = t_ns // 1_000_000_000
        bucket = second - second % self._bucket
        template.counts[bucket] = template.counts.get(bucket, 0) + count
        return template

    def _template(self, key: tuple[str, ...], words: list[str | None]) -> Template:
        leaf = self._leaves.setdefault(key, [])
        best, most = None, 0.0
        for one in leaf:
            similar = one.similar(words)
            if similar > most:
                best, most = one, similar
        if best is not None and most >= (SIMILAR_WHEN_CROWDED if len(leaf) >= CROWDED else SIMILAR):
            if most < 1.0:
                best.join(words)
            self._recent.move_to_end(id(best))
            return best
        made = Template(key[0], words)
        leaf.append(made)
        self._recent[id(made)] = key, made
        if len(self._recent) > MAX_TEMPLATES:
            self._forget()
        return made

    def _forget(self) -> None:
        _, (key, template) = self._recent.popitem(last=False)
        leaf = self._leaves[key]
        leaf[:] = [one for one in leaf if one is not template]
        if not leaf:
            del self._leaves[key]

    def patterns(self) -> dict[str, dict[int, int]]:
        """By pattern, the one seen most first, how many lines there were in each bucket of time
        (its first Unix second)."""
        found: dict[str, dict[int, int]] = {}
        for _, template in self._recent.values():
            counts = found.setdefault(str(template), {})
            for bucket, count in template.counts.items():
                counts[bucket] = counts.get(bucket, 0) + count
        by_size = sorted(found.items(), key=lambda item: -sum(item[1].values()))
        return {pattern: dict(sorted(counts.items())) for pattern, counts in by_size}
