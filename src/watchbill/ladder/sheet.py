"""The growth sheet: one page for a conversation, on screen and as Markdown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from watchbill.ladder.models import Judgement, Raise, SelfAssessment, SharedSheet
from watchbill.ladder.reads import Line, Matrix
from watchbill.people.models import Person
from watchbill.web.words import date_words

Word = SelfAssessment.Word


@dataclass(frozen=True)
class Assessed:
    """How somebody sees themselves on a line, beside what is shown of it."""

    line: Line
    assessment: SelfAssessment

    @property
    def words(self) -> str:
        """ "with guidance: I still look up the flags"."""
        says = f": {self.assessment.says}" if self.assessment.says else ""
        return f"{self.assessment.get_word_display()}{says}"

    @property
    def difference(self) -> str:
        """Where it differs from what is shown, in words; "" where it does not."""
        word, state = self.assessment.word, self.line.state
        if word == Word.ALONE and state in ("open", "begun", "practised", "returned"):
            missing = f", and there is missing: {self.line.missing}" if self.line.missing else ""
            return f"{self.words}; here it is {self.line.state_words}{missing}"
        if word != Word.ALONE and state in ("ready", "half", "signed"):
            return f"{self.words}; here it is {self.line.state_words}"
        return ""


@dataclass(frozen=True)
class Sheet:
    """Everything that two people need for a conversation about one of them."""

    person: Person
    matrix: Matrix
    assessed: list[Assessed]  # empty where they are not the reader's to see
    shared: SharedSheet | None
    raises: list[Raise]

    def _in(self, *states: str) -> list[Line]:
        return [line for line in self.matrix.lines if line.state in states]

    @property
    def signed(self) -> list[Line]:
        """Signed lines."""
        return self._in("signed")

    @property
    def waived(self) -> list[Line]:
        """Lines for which the team has no work."""
        return self._in("waived")

    @property
    def ready(self) -> list[Line]:
        """Proposed for a signature, or signed once."""
        return self._in("ready", "half")

    @property
    def returned(self) -> list[Line]:
        """Lines that were returned, each with its next act."""
        return self._in("returned")

    @property
    def next(self) -> list[Line]:
        """What a placement one level higher rests on and is not settled nor ready yet."""
        wanted = {
            line.duty.key
            for where, _ in self.matrix.rows
            if where.ours
            for line in self.matrix.rests_on(where.area, self.person.level(where.ours) + 1)
        }
        under_way = self._in("open", "begun", "practised")
        return [line for line in under_way if line.duty.key in wanted]

    @property
    def differences(self) -> list[Assessed]:
        """Where the person sees themselves otherwise than the evidence."""
        return [row for row in self.assessed if row.difference]


def assessments(person: Person, *, shared: SharedSheet | None = None) -> dict[str, SelfAssessment]:
    """Line -> the last self-assessment; with `shared`, the last one before that moment."""
    rows = SelfAssessment.objects.filter(person=person).select_related("duty").order_by("pk")
    if shared is not None:
        rows = rows.filter(at__lte=shared.at)
    return {row.line: row for row in rows}


def assessed(matrix: Matrix, found: Mapping[str, SelfAssessment]) -> list[Assessed]:
    """Self-assessments beside the lines of the ladder in force."""
    return [
        Assessed(line, found[line.duty.line]) for line in matrix.lines if line.duty.line in found
    ]


def last_shared(person: Person) -> SharedSheet | None:
    """When the person last let the others read their self-assessment."""
    return SharedSheet.objects.filter(person=person).order_by("-pk").first()


def visible(person: Person, reader: Person) -> dict[str, SelfAssessment]:
    """The self-assessments of `person` that `reader` may read: all of their own, else as shared."""
    if reader == person:
        return assessments(person)
    shared = last_shared(person)
    return assessments(person, shared=shared) if shared else {}


def sheet_of(person: Person, reader: Person, matrix: Matrix) -> Sheet:
    """The sheet of `person` as `reader` may see it."""
    raises = list(Raise.objects.filter(person=person).select_related("declined_by").order_by("pk"))
    found = assessed(matrix, visible(person, reader))
    return Sheet(person, matrix, found, last_shared(person), raises)


def rests_on(lines: Iterable[Line]) -> str:
    """What a placement rests on, as its reason: "Signed: IR-L1-1, …; waived: IR-L1-4"."""
    keys: dict[str, list[str]] = {}
    for line in lines:
        keys.setdefault(line.said.word, []).append(line.duty.key)
    told = [f"{word} {', '.join(found)}" for word, found in sorted(keys.items())]
    text = "; ".join(told)
    return (text[0].upper() + text[1:])[:490] + "." if text else ""


def markdown(sheet: Sheet) -> str:
    """The sheet as a document."""
    person, place = sheet.person, sheet.matrix.place
    parts = [f"# {person.name}: growth sheet\n\n{place}.\n"]

    def section(title: str, rows: Iterable[str], empty: str) -> None:
        listed = "\n".join(f"- {row}" for row in rows)
        parts.append(f"\n## {title}\n\n{listed or empty}\n")

    section("Signed", map(_signed, sheet.signed), "Nothing yet.")
    if sheet.waived:
        section("Waived", map(_signed, sheet.waived), "")
    section("Ready to sign", (_line(line) for line in sheet.ready), "Nothing now.")
    section("Returned", map(_returned, sheet.returned), "Nothing.")
    section("Next", (_next(line) for line in sheet.next), "Everything is signed or ready.")
    if sheet.assessed:
        rows = [f"{_line(row.line)} — {row.words}" for row in sheet.assessed]
        section("How they see themselves", rows, "")
        differences = (f"{row.line.duty.key}: {row.difference}" for row in sheet.differences)
        section("Differences", differences, "None.")
    return "".join(parts)


def _line(line: Line) -> str:
    return f"**{line.duty.key}** {line.duty.text}"


def _signed(line: Line) -> str:
    last = line.said.last
    reason = f" ({last.reason})" if last and last.reason else ""
    return f"{_line(line)} — {last.by}, {date_words(last.at)}{reason}" if last else _line(line)


def _returned(line: Line) -> str:
    last: Judgement | None = line.said.last
    told = f" — {last.by}: {last.reason} Next: {last.next_act}." if last else ""
    return f"{_line(line)}{told}"


def _next(line: Line) -> str:
    return f"{_line(line)} — {line.state_words}" + (f": {line.missing}" if line.missing else "")
