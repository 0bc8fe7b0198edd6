"""Samples as a file: what was scraped, with staleness markers, times counted from 0.

The file is text in xz: a line `@` of times for every set of times that series share, and behind
it a line per series, labels as JSON and a value for each of those times (`S` is a staleness
marker). Values are written so that they are read back bit by bit.
"""

import json
import lzma
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from watchbill.telemetry.promql.storage import STALE, STALE_BITS, Labels, Matcher, Selection

EPSILON = float(np.finfo(np.float64).eps)
Recording = dict[Labels, list[tuple[int, float]]]

_PRIVATE_KINDS = (
    "uname os dmi network disk filesystem hwmon thermal cpu_info scrape netstat sockstat softnet"
    " pressure schedstat nf udp cooling power md xfs btrfs selinux textfile time arp boot exporter"
)
_PRIVATE = tuple(f"node_{kind}" for kind in _PRIVATE_KINDS.split())
"""What tells about a machine (names, devices, paths), and much of the same kind."""


def load(path: Path) -> Recording:
    """Read a recording."""
    recording: Recording = {}
    times: list[int] = []
    for line in lzma.decompress(path.read_bytes()).decode().splitlines():
        if line.startswith("@"):
            times = [int(text) for text in line[1:].split()]
            continue
        labels, values = line.rsplit("\t", 1)
        numbers = [STALE if text == "S" else float(text) for text in values.split()]
        recording[tuple(map(tuple, json.loads(labels)))] = list(zip(times, numbers, strict=True))
    return recording


def save(recording: Recording, path: Path) -> None:
    """Write a recording, without what tells about the machine; whole seconds are taken off."""
    kept = {
        labels: samples
        for labels, samples in recording.items()
        if not dict(labels)["__name__"].startswith(_PRIVATE)
    }
    origin = min(samples[0][0] for samples in kept.values()) // 1000 * 1000
    by_times: dict[tuple[int, ...], list[str]] = {}
    for labels, samples in sorted(kept.items()):
        shown = " ".join("S" if is_marker(value) else repr(value) for _, value in samples)
        times = tuple(t - origin for t, _ in samples)
        by_times.setdefault(times, []).append(f"{json.dumps(labels)}\t{shown}")
    lines = [
        line
        for times, group in by_times.items()
        for line in ("@" + " ".join(map(str, times)), *group)
    ]
    path.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))


def is_marker(value: float) -> bool:
    """Whether a value is a staleness marker."""
    return struct.unpack("<Q", struct.pack("<d", value))[0] == STALE_BITS


def moved(recording: Recording, by_ms: int) -> Recording:
    """The same at another time."""
    return {
        labels: [(t + by_ms, value) for t, value in samples]
        for labels, samples in recording.items()
    }


class Stored:
    """A recording as a store for the engine."""

    def __init__(self, recording: Recording) -> None:
        self._series = [
            (labels, np.array([t for t, _ in samples]), np.array([v for _, v in samples]))
            for labels, samples in sorted(recording.items())
        ]

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `Storage.select`."""
        found = []
        for labels, t, v in self._series:
            values = dict(labels)
            if all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers):
                inside = slice(*np.searchsorted(t, [start_ms, end_ms + 1]))
                if len(t[inside]):
                    found.append((labels, t[inside], v[inside]))
        return Selection.of(found)

    def nudged(self, chance: np.random.Generator) -> "Stored":
        """The same with every value changed in its last bit, up or down; markers and 0 stay."""
        other = Stored({})
        for labels, t, v in self._series:
            up = chance.random(len(v)) < 0.5
            real = np.where(np.isfinite(v), v, 0)
            moved = np.where(up, real * (1 + EPSILON), real * (1 - EPSILON / 2))
            other._series.append((labels, t, np.where(np.isfinite(v), moved, v)))
        return other
