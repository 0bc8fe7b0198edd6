"""What parameters may hold: nothing that a database cannot, and moments always with a zone."""

from datetime import UTC, datetime

import pytest

from watchbill.acts.given import MOST_NUMBER, MOST_TEXT, CannotBeDone, parameters, read, struct
from watchbill.lib.numbers import LARGEST, whole
from watchbill.people.models import House, Person


def deed(
    on: House, by: Person, *, text: str = "", count: int = 0, at: datetime | None = None,
    many: tuple[str, ...] = (),
) -> dict[str, object]:  # fmt: skip
    """Some parameters."""
    return {}


SHAPE = struct("deed", parameters(deed))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "a\0b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": "x" * (MOST_TEXT + 1)}, "text"),
        ({"many": ["fine", "\0"]}, "many"),
        ({"count": MOST_NUMBER + 1}, "count"),
        ({"count": -MOST_NUMBER - 1}, "count"),
        ({"count": 10**400}, "count"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at"),
    ],
)
def test_what_no_database_can_hold_is_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(CannotBeDone) as caught:
        read(SHAPE, given)
    assert caught.value.field == field


def test_moments_are_in_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for text in ("2026-01-01T12:00:00", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00Z"):
        at = read(SHAPE, {"at": text})["at"]
        assert (at, at.tzinfo) == (noon, UTC)


def test_what_fits_is_kept_as_it_is() -> None:
    given = {"text": "Grüße 🙂", "count": -3, "many": ["a", "b"]}
    assert read(SHAPE, given) == {**given, "many": ("a", "b"), "at": None}


@pytest.mark.parametrize(
    "text", ["", "²", "٣", "-1", "1e3", "9" * 20, "9" * 5000, str(LARGEST + 1)]
)
def test_a_number_in_an_address_is_digits_and_fits(text: str) -> None:
    assert whole(text) is None
    assert whole(str(LARGEST)) == LARGEST
