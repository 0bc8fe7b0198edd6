"""Durations and sizes as Go writes them: `1h30m`, `250ms`, `1.5KiB`, `20MB`."""

import re

_NANOSECONDS = {
    "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3_600e9,
    "d": 86_400e9, "w": 604_800e9, "y": 31_536_000e9,
}  # fmt: skip
_POWERS = {letter: power for power, letter in enumerate(["", "k", "m", "g", "t", "p", "e"])}
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|[smhdwy])")
DURATION = re.compile(rf"[+-]?(?:{_PART.pattern.replace('(' + _NUMBER, '(?:' + _NUMBER, 1)})+")
SIZE = re.compile(rf"({_NUMBER})\s*(?:([kmgtpe]?)(i?)b|([kmgtpe])(i?))?", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Seconds. Units may repeat and be fractions; `0` needs none. Raises `ValueError`."""
    if text in ("0", "+0", "-0"):
        return 0.0
    if not DURATION.fullmatch(text):
        raise ValueError(f"not a duration: {text!r}")
    parts = _PART.findall(text)
    seconds: float = sum(float(number) * _NANOSECONDS[unit] for number, unit in parts) / 1e9
    return -seconds if text.startswith("-") else seconds


def parse_size(text: str) -> float:
    """Bytes: `kB`, `MB` by thousands, `KiB`, `MiB` by 1024, case does not matter.

    Raises `ValueError`.
    """
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a size in bytes: {text!r}")
    letter = (match.group(2) or match.group(4) or "").lower()
    base = 1024 if match.group(3) or match.group(5) else 1000
    return float(match.group(1)) * float(base ** _POWERS[letter])
