"""The protocols that investigations follow: the shipped one, and the editions people published."""

from dataclasses import dataclass

from watchbill.investigations.models import Protocol

STANDARD = "standard"
STANDARD_TITLE = "Standard protocol"
STANDARD_STEPS = (
    "What exactly is seen, since when, and how is that known?",
    "What is affected, and what like it is not?",
    "What changed before it began: versions, settings, load, neighbours?",
    "What does each hypothesis predict that could be looked at?",
    "What would rule each of them out, and was that looked for?",
    "What else would look just the same from here?",
    "What speaks against the answer, and how does it fit?",
)
MOST_STEPS, LONGEST_STEP = 30, 300


@dataclass(frozen=True)
class Checklist:
    """A protocol in force."""

    name: str
    title: str
    edition: int
    steps: tuple[str, ...]
    published: Protocol | None = None

    def __str__(self) -> str:
        return f"{self.title}, edition {self.edition}"


SHIPPED = Checklist(STANDARD, STANDARD_TITLE, 1, STANDARD_STEPS)


def in_force() -> dict[str, Checklist]:
    """The newest edition of each protocol, by name; the standard one first."""
    found = {STANDARD: SHIPPED}
    for one in Protocol.objects.select_related("by").order_by("edition", "name"):
        found[one.name] = Checklist(one.name, one.title, one.edition, tuple(one.steps), one)
    return found
