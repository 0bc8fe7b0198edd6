"""From a document to rows: which duty of the shipped ladder each new one corresponds to."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from django.utils.text import slugify

from watchbill.ladder import document, mapping
from watchbill.ladder.models import Duty, Ladder
from watchbill.lib import clock
from watchbill.people.models import Person

LONGEST = 500  # characters of a duty
ALIKE = 0.35  # least similarity of two duties at the same place for one to stand for the other
SAME = 0.7  # least similarity for a duty that no shipped one stands for to be an earlier one


def default_text() -> str:
    """The document of the shipped ladder."""
    return (Path(__file__).parent / "default.md").read_text()


@cache
def default_document() -> document.Document:
    """The shipped ladder, read."""
    return document.read(default_text())


def draft(text: str, by: Person | None) -> Ladder:
    """Rows for the ladder in `text`, not in force. Raises LadderError."""
    found = document.read(text)
    ladder = Ladder.objects.create(
        title=found.title or "Ladder",
        text=text,
        levels={str(level): title for level, title in sorted(found.levels.items())},
        areas=[where.row for where in _areas(found)],
        drafted_by=by,
    )
    stand_for = correspondence(found)
    Duty.objects.bulk_create(
        Duty(
            ladder=ladder,
            key=duty.key,
            area=slugify(duty.area),
            level=duty.level,
            ordinal=int(duty.key.rpartition("-")[2]),
            text=duty.text[:LONGEST],
            default_key=stand_for.get(duty.key, ""),
        )
        for duty in found.duties
    )
    draw_lines(ladder)
    return ladder


def draw_lines(ladder: Ladder) -> None:
    """Say which duty of earlier ladders each duty continues, so that its signatures stay with it.

    By the shipped duty that both stand for; else by the most alike text among those that were in
    force; else the duty begins a line of its own.
    """
    before = list(
        Duty.objects.filter(default_key="")
        .exclude(ladder__adopted_at=None)
        .exclude(ladder=ladder)
        .order_by("-ladder__adopted_at", "id")
    )
    duties, taken = list(ladder.duties.order_by("id")), set[str]()
    for duty in duties:
        duty.line = duty.default_key
        if not duty.line:
            alike = [(_alike(duty.text, old.text), old.line) for old in before]
            best = max((one for one in alike if one[1] not in taken), default=(0.0, ""))
            own = f"{ladder.pk}:{duty.key}"
            duty.line = best[1] if best[0] >= SAME else own
            taken.add(duty.line)
    Duty.objects.bulk_update(duties, ["line"])


def _areas(found: document.Document) -> list[mapping.Where]:
    return [
        mapping.proposed(area, {duty.level for duty in found.duties if duty.area == area})
        for area in found.areas
    ]


def correspondence(found: document.Document) -> dict[str, str]:
    """Key of a duty -> key of the shipped duty it stands for: same area and level, most alike."""
    return most_alike(
        (duty.key, slugify(duty.area), duty.level, duty.text) for duty in found.duties
    )


def most_alike(duties: Iterable[tuple[str, str, int, str]]) -> dict[str, str]:
    """Of duties as (key, area of ours, level of ours, text): the shipped duty each stands for."""
    shipped = default_document().duties
    pairs = sorted(
        (
            (_alike(text, other.text), key, other.key)
            for key, area, level, text in duties
            for other in shipped
            if (area, level) == (slugify(other.area), other.level)
        ),
        reverse=True,
    )
    stands: dict[str, str] = {}
    for likeness, key, other in pairs:
        if likeness >= ALIKE and key not in stands and other not in stands.values():
            stands[key] = other
    return stands


def in_force() -> Ladder:
    """The ladder in force."""
    return Ladder.objects.exclude(adopted_at=None).latest("adopted_at", "id")


def ship_default() -> None:
    """Put the shipped ladder into force where none is."""
    if Ladder.objects.exclude(adopted_at=None).exists():
        return
    ladder = draft(default_text(), None)
    ladder.adopted_at = clock.now()
    ladder.save(update_fields=["adopted_at"])


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:LONGEST].lower(), other[:LONGEST].lower()).ratio()
