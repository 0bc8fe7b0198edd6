"""A step of a tour: where to look, and a question. And how a number that somebody read is read."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

KINDS = ("find", "fact", "choice", "text", "capture")
UNITS = ("", "percent", "seconds", "bytes")
_NUMBER = re.compile(r"([-+]?(?:\d[\d,]*)?(?:\.\d+)?(?:e[-+]?\d+)?)\s*([a-zA-Zµ%/]*)")
_TIMES = {
    "%": 1e-2, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0,
    "k": 1e3, "m": 1e6, "g": 1e9, "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40, "/s": 1.0, "b/s": 1.0,
    "kb/s": 1e3, "mb/s": 1e6, "": 1.0,
}  # fmt: skip
_BARE = {"percent": 1e-2, "seconds": 1e-3}  # what a number without its unit may mean as well


class Step(msgspec.Struct, frozen=True):
    """One thing to look at and to answer. `ask` is the question; the rest belongs to its kind."""

    title: str
    kind: str
    ask: str
    words: str = ""
    page: str = ""  # an address: inside Watchbill, or a link of the component
    query: str = ""  # find, capture: PromQL that gives one number
    logs: str = ""  # capture: LogQL whose lines of the last hour are counted
    within: float = 0.1  # find: how far off, as a share of what is read
    unit: str = ""
    fact: str = ""  # fact: its name in facts.py
    choices: tuple[str, ...] = ()
    right: tuple[str, ...] = ()  # choice: those that are


def read_steps(content: Any) -> list[Step]:
    """Steps as they were kept."""
    return msgspec.convert(content, list[Step])


def kept(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps as they are kept: plain JSON."""
    plain: list[dict[str, Any]] = msgspec.to_builtins(list(steps))
    return plain


def numbers(text: str, unit: str) -> tuple[float, ...]:
    """What `text` may mean as a number: "12 %", "340 ms", "1,200". Empty when it is none.

    Without a unit, 12 may be meant as 12 % where percents are drawn, or as milliseconds.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or not any(c.isdigit() for c in found[1]):
        return ()
    word = found[2] if found[2] in _TIMES else found[2].lower()
    if word not in _TIMES:
        return ()
    number = float(found[1].replace(",", "")) * _TIMES[word]
    if not word and unit in _BARE:
        return (number, number * _BARE[unit])
    return (number,)


def near(given: Sequence[float], read: Sequence[float], within: float) -> bool:
    """Whether one of `given` lies no further than the share `within` from one that was read."""
    return any(abs(one - value) <= within * abs(value) + 1e-9 for one in given for value in read)
