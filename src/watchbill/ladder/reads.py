"""The matrix: areas by levels, each duty with how it stands for a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from watchbill.acts.models import Shown
from watchbill.acts.registry import KINDS
from watchbill.ladder import evidence, judged
from watchbill.ladder.adopt import in_force
from watchbill.ladder.duties import Fulfilled, fulfilled
from watchbill.ladder.judged import Said
from watchbill.ladder.mapping import Where, kept
from watchbill.ladder.models import Duty, Judgement, Ladder
from watchbill.ladder.places import Place, place_of
from watchbill.ladder.readiness import Item, Readiness, readiness
from watchbill.lib import clock
from watchbill.lib.levels import LEVEL_TITLES, place_words
from watchbill.people.models import Person

NOTHING_SAID = Said()
STATES = {
    "open": "not begun",
    "begun": "begun",
    "practised": "practised",
    "ready": "ready to sign",
    "half": "signed once, waits for a second signature",
    "signed": "signed",
    "returned": "returned",
    "waived": "waived",
    "missing": "cannot be practised here yet",
}


@dataclass(frozen=True)
class Line:
    """One duty for one person."""

    duty: Duty
    where: Where
    practice: evidence.Practice | None = None
    readiness: Readiness | None = None
    items: tuple[Item, ...] = ()
    said: Said = NOTHING_SAID

    @property
    def level(self) -> int:
        """Our level for the duty's."""
        return self.where.level(self.duty.level)

    @property
    def acts(self) -> list[str]:
        """By which it is practised."""
        return self.duty.acts or evidence.acts_for(self.duty.default_key)

    @property
    def how(self) -> Fulfilled | None:
        """How the shipped duty that it stands for is fulfilled."""
        return fulfilled().get(self.duty.default_key)

    @property
    def state(self) -> str:
        """One of STATES. A returned line that was shown anew since is as it is shown."""
        word = self.said.word
        if word in (Judgement.Word.SIGNED, Judgement.Word.WAIVED):
            return word
        if self.said.half:
            return "half"
        last = self.said.last
        if word == Judgement.Word.RETURNED and last and not self._shown_since(last.at):
            return "returned"
        if self.readiness and self.readiness.ready:
            return "ready"
        if self.items:
            return "practised"
        if self.practice:
            return "begun"
        return "open" if self.acts or self.how else "missing"

    @property
    def state_words(self) -> str:
        """The state as people read it."""
        return STATES[self.state]

    @property
    def missing(self) -> str:
        """What is still missing for it to be ready, in words; "" where nothing is to be said."""
        if self.state in ("open", "begun", "practised", "returned") and self.readiness:
            return "; ".join(self.readiness.missing)
        return ""

    @property
    def place(self) -> Place | None:
        """The page where it can be done."""
        return place_of(self.duty.default_key, self.acts)

    @property
    def ways(self) -> list[str]:
        """The acts in words: "Join under instruction"."""
        return [KINDS[name].title if name in KINDS else name.capitalize() for name in self.acts]

    def _shown_since(self, then: datetime) -> bool:
        return any(item.at > then for item in self.items)


@dataclass(frozen=True)
class Cell:
    """One area at one level, of the ladder in force."""

    where: Where
    level: int
    title: str
    lines: list[Line]
    mine: bool

    @property
    def name(self) -> str:
        """As addresses name it: "IR-L2"."""
        return self.lines[0].duty.key.rpartition("-")[0] if self.lines else ""

    @property
    def signed(self) -> int:
        """Lines that are signed or waived."""
        return sum(line.said.settled for line in self.lines)

    @property
    def begun(self) -> int:
        """Lines that something is known of."""
        return sum(line.state not in ("open", "missing") for line in self.lines)


@dataclass(frozen=True)
class Matrix:
    """The ladder in force as one person stands on it."""

    ladder: Ladder
    heads: list[str]
    rows: list[tuple[Where, list[Cell]]]
    unseen: list[Judgement]  # what was said of their lines, that they have not marked as seen

    @property
    def mine(self) -> list[Cell]:
        """The cell the person stands at in each area."""
        return [cell for _, cells in self.rows for cell in cells if cell.mine]

    @property
    def place(self) -> str:
        """ "Junior developer in monitoring and maintenance", or each level with its areas."""
        first: dict[str, Cell] = {}
        for cell in self.mine:  # where two of its levels are one of ours, the lower is told
            first.setdefault(cell.where.slug, cell)
        return place_words((c.level, c.title, c.where.title) for c in first.values())

    @property
    def lines(self) -> list[Line]:
        """Every duty, in the ladder's order."""
        return [line for _, cells in self.rows for cell in cells for line in cell.lines]

    @property
    def my_lines(self) -> list[Line]:
        """The duties of the person's place."""
        return [line for cell in self.mine for line in cell.lines]

    def line(self, key: str) -> Line | None:
        """The line of one duty."""
        return next((line for line in self.lines if line.duty.key == key), None)

    def rests_on(self, area: str, level: int) -> list[Line]:
        """The lines that a placement at `level` in an area of ours rests on."""
        return [line for line in self.lines if line.where.area == area and 1 <= line.level <= level]


def matrix(person: Person) -> Matrix:
    """Everything about `person` and the ladder, in a handful of queries."""
    ladder = in_force()
    duties = list(ladder.duties.order_by("id"))
    named = {f"+{duty.key}": duty.acts for duty in duties if duty.acts}
    practised = evidence.practised(person, named)
    shown, said = evidence.shown(person), judged.lines([person])[person.pk]
    areas = {where.slug: where for where in kept(ladder.areas)}
    done = evidence.by_acts(person, {*chain(*named.values())}) if named else []
    now, lines = clock.now(), list[Line]()
    for duty in duties:
        items = tuple(map(item_of, shown.get(duty.default_key, ())))
        if duty.acts:
            items = guided(done, duty.acts)
        practice = practised.get(f"+{duty.key}" if duty.acts else duty.default_key)
        lines.append(line_of(duty, areas[duty.area], practice, items, said, now))
    return _arranged(ladder, list(areas.values()), lines, person, judged.unseen(said))


def line_of(
    duty: Duty,
    where: Where,
    practice: evidence.Practice | None,
    items: tuple[Item, ...],
    said: Mapping[str, list[Judgement]],
    now: datetime,
) -> Line:
    """One line from what is known about it."""
    level = where.level(duty.level)
    how = fulfilled().get(duty.default_key)
    ready = readiness(items, level, how.witness_from if how else level, now)
    judgements = judged.of_line(said.get(duty.line, []), level)
    return Line(duty, where, practice, ready, items, judgements)


def item_of(row: Shown) -> Item:
    """Evidence as readiness counts it."""
    witness = row.witness
    return Item(
        on=row.on, at=row.entry.at, witness=witness.username if witness else "",
        witness_level=row.witness_level, drill=row.drill, entry=row.entry_id,
        witness_name=str(witness) if witness else "", says=row.entry.says,
    )  # fmt: skip


def guided(done: Iterable[evidence.Item], names: Iterable[str]) -> tuple[Item, ...]:
    """A duty that only names acts is shown by those of them that were done with a guide."""
    found = []
    for one in done:
        entry, guide = one.entry, one.entry.guide
        if guide and entry.kind in names:
            found.append(
                Item(
                    on=entry.subject, at=entry.at, witness=guide.username,
                    witness_level=guide.level(entry.area), entry=entry.pk,
                    witness_name=str(guide), says=entry.says,
                )
            )  # fmt: skip
    return tuple(found)


def _arranged(
    ladder: Ladder, areas: list[Where], lines: list[Line], person: Person, unseen: list[Judgement]
) -> Matrix:
    by_place: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        by_place.setdefault((line.duty.area, line.duty.level), []).append(line)
    levels = sorted({level for _, level in by_place})

    def cell(where: Where, level: int) -> Cell:
        at = person.level(where.ours) if where.ours else 0
        title = title_of(ladder, level)
        mine = at == where.level(level) and (where.slug, level) in by_place
        return Cell(where, level, title, by_place.get((where.slug, level), []), mine)

    rows = [(where, [cell(where, level) for level in levels]) for where in areas]
    heads = [f"L{n} {title_of(ladder, n, short=True)}" for n in levels]
    return Matrix(ladder, heads, rows, unseen)


def title_of(ladder: Ladder, level: int, *, short: bool = False) -> str:
    """What a level is called in a ladder; `short` in its first word, for the head of a column."""
    title = str(ladder.levels.get(str(level)) or LEVEL_TITLES.get(level, f"Level {level}"))
    return title.partition(" ")[0] if short else title


def differences(draft: Ladder) -> dict[str, list[tuple[Duty | None, Duty | None]]]:
    """What adopting `draft` changes, as (before, after) pairs by kind of change."""
    before = {duty.line: duty for duty in in_force().duties.all()}
    found: dict[str, list[tuple[Duty | None, Duty | None]]] = {
        "same": [], "reworded": [], "new": [], "dropped": [],
    }  # fmt: skip
    for duty in draft.duties.order_by("id"):
        old = before.pop(duty.line, None)
        kind = "new" if old is None else "same" if old.text == duty.text else "reworded"
        found[kind].append((old, duty))
    found["dropped"] = [(old, None) for old in before.values()]
    return found


def what_becomes(draft: Ladder) -> list[tuple[Person, list[str], list[str]]]:
    """Of everybody whose lines were signed or waived: those that carry over, those kept aside."""
    people = list(Person.objects.humans().order_by("name", "username"))
    after: dict[str, list[str]] = {}
    for duty in draft.duties.order_by("id"):
        after.setdefault(duty.line, []).append(duty.key)
    told, of_all = [], judged.lines(people)
    for person in people:
        holds = {
            line: judgements[0].duty.key
            for line, judgements in sorted(of_all[person.pk].items())
            if judged.of_line(judgements, min(judgements[0].duty.level, judged.TOP)).settled
        }
        stays = chain.from_iterable(
            [f"{old} → {new}" if old != new else new for new in after[line]]
            for line, old in holds.items()
            if line in after
        )
        aside = [old for line, old in holds.items() if line not in after]
        if holds:
            told.append((person, list(stays), aside))
    return told
