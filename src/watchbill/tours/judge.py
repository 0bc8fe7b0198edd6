"""Reads what an answer is compared with, or what a round captures: the value at that moment."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from watchbill import prometheus
from watchbill.prometheus import QueryRefused, RangeFunc, TelemetryAway
from watchbill.tours.models import Answer
from watchbill.tours.steps import Step, near, numbers
from watchbill.web.live import publish

LineFunc = Callable[[str, datetime, datetime], int]
BEFORE = timedelta(minutes=2)  # what stood on the page a moment ago is right too
EVERY = 15.0  # seconds
LINES_OF = timedelta(hours=1)
TRY_AGAIN = timedelta(seconds=10)
GIVE_UP = timedelta(minutes=2)


def tick(
    now: datetime,
    query_range: RangeFunc = prometheus.query_range,
    count_lines: LineFunc = prometheus.count_lines,
) -> int:
    """Read what is due; how many answers are done with. What cannot be read is tried again."""
    due = Answer.objects.filter(read_after__lte=now).select_related("walk").order_by("read_after")
    return sum(_read(answer, now, query_range, count_lines) for answer in due[:20])


def _read(answer: Answer, now: datetime, query_range: RangeFunc, count_lines: LineFunc) -> bool:
    step = answer.walk.steps[answer.step - 1]
    still = Answer.objects.filter(pk=answer.pk, read_after=answer.read_after)
    try:
        values, problem = _values(step, answer.at, query_range, count_lines)
    except TelemetryAway as error:
        if now - answer.at < GIVE_UP:
            still.update(read_after=now + TRY_AGAIN)
            return False
        values, problem = (), f"telemetry could not be asked: {error}"
    right = None
    if values and step.kind == "find":
        right = near(numbers(answer.text, step.unit), values, step.within)
    still.update(
        read_after=None, value=values[-1] if values else None, problem=problem[:300], right=right
    )
    publish(answer.walk.ref)
    return True


def _values(
    step: Step, at: datetime, query_range: RangeFunc, count_lines: LineFunc
) -> tuple[Sequence[float], str]:
    """What is read around the moment, the newest last, or why nothing is."""
    try:
        if step.logs:
            return (float(count_lines(step.logs, at - LINES_OF, at)),), ""
        found = query_range(step.query, at - BEFORE, at, EVERY)
    except QueryRefused as error:
        return (), f"the query is not answered: {error}"
    if len(found) != 1:
        return (), f"there are {len(found)} values instead of one" if found else "nothing is there"
    values = [value for _, value in found[0].values if value == value]  # NaN is unlike itself
    return (values, "") if values else ((), "the value is no number")
