"""From a document to rows: which duty of the shipped ladder each new one corresponds to."""

from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from django.utils.text import slugify

from watchbill.ladder import document
from watchbill.ladder.models import Duty, Ladder
from watchbill.lib import clock
from watchbill.people.models import Person

LONGEST = 500  # characters of a duty
ALIKE = 0.35  # least similarity of two duties at the same place for one to stand for the other


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
    return ladder


def correspondence(found: document.Document) -> dict[str, str]:
    """Key of a duty -> key of the shipped duty it stands for: same area and level, most alike."""
    default = default_document()
    pairs = sorted(
        (
            (_alike(duty.text, other.text), duty.key, other.key)
            for duty in found.duties
            for other in default.duties
            if (slugify(duty.area), duty.level) == (slugify(other.area), other.level)
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
