"""What every act on a change asks first."""

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.lib.levels import Area, Tier
from watchbill.maintenance.models import Change
from watchbill.people.models import Person

State = Change.State
ENDS = ("maintenance.complete_change", "maintenance.back_out")
BEGINS = "maintenance.start_change"


def must_be(change: Change, *states: State) -> None:
    """Raises CannotBeDone when the change is in none of `states`."""
    if change.state not in states:
        raise CannotBeDone(f"The change is {change.get_state_display()}.")


def must_not_have_ended(change: Change) -> None:
    """Raises CannotBeDone once it was verified or backed out."""
    if change.result:
        raise CannotBeDone(f"The change was {change.ended_as} already.")


def must_lead(change: Change, person: Person) -> None:
    """Raises CannotBeDone for whoever does not lead the change."""
    if change.led_by is None:
        raise CannotBeDone("Nobody leads this change.", hint="Take the lead first.")
    if change.led_by_id != person.pk:
        raise CannotBeDone(f"{change.led_by} leads this change.", hint="Ask them.")


def leads(change: Change, person: Person) -> bool:
    """The lead of a change is theirs to use, whatever their level."""
    return change.led_by_id == person.pk


def close_if_settled(change: Change) -> None:
    """Closed is what ended and whose documents are settled."""
    if change.result and change.docs != Change.Docs.OPEN:
        change.state = State.CLOSED


def begun_with_a_go_ahead(change: Change, person: Person) -> bool:
    """`person` began it, and a guide let them."""
    begun = timeline.done(BEGINS).filter(subject=change.ref, by=person)
    return begun.filter(guide__isnull=False).exists()


def how_it_was_done(change: Change, person: Person) -> str:
    """How `person` began and ended it: "alone", "with a go-ahead", or "" when neither counts.

    A go-ahead counts for whoever stood below the level that does it alone: so they practise it.
    """
    mine = timeline.done(BEGINS).filter(subject=change.ref, by=person)
    ended = timeline.done(ENDS[0]) | timeline.done(ENDS[1])
    entries = [*mine, *ended.filter(subject=change.ref, by=person)]
    kinds = {entry.kind for entry in entries}
    if BEGINS not in kinds or not kinds.intersection(ENDS):
        return ""
    if all(entry.mode == "alone" for entry in entries):
        return "alone"
    practised = all(
        entry.mode == "alone" or (entry.guide_id is not None and entry.standing < 2)
        for entry in entries
    )
    return "with a go-ahead" if practised else ""


def ended_as_planned(change: Change) -> bool:
    """A critical change with a way back, led from its beginning, that ended in its window."""
    begun, ended, led = change.started_at, change.ended_at, change.led_since
    if begun is None or ended is None or led is None or change.ends is None:
        return False
    planned = change.tier is Tier.CRITICAL and bool(change.backout)
    return planned and led <= begun and ended <= change.ends


def level(person: Person) -> int:
    """In maintenance."""
    return person.level(Area.MAINTENANCE)
