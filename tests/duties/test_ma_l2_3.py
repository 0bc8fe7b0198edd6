"""MA-L2-3: address moderate maintenance together: do a part of a change that a senior leads."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(senior: Somebody, shop: Component) -> str:
    """A moderate change that a senior leads and began."""
    planned = made(
        senior.does(
            "maintenance.plan_change", shop, title="Move it", kind="capacity", risk="moderate",
            backout="Move it back.",
        )
    )  # fmt: skip
    senior.does("maintenance.take_lead_of_change", planned)
    senior.does("maintenance.start_change", planned)
    return planned


def test_ma_l2_3(junior: Somebody, associate: Somebody, senior: Somebody, change: str) -> None:
    steps = made(senior.does("maintenance.add_part", change, text="Drain the host"))
    part = made(senior.does("maintenance.add_part", change, text="Move the disk", alters=True))
    run, note = ("maintenance.finish_part", steps), ("maintenance.note_on_part", part)
    alter = ("maintenance.carry_out_part", part)
    assert [associate.stands(*act) for act in (run, note, alter)] == ["A", "A", "G"]
    assert [junior.stands(*act) for act in (run, note, alter)] == ["G", "A", "N"]
    assert associate.stands("maintenance.complete_change", change) == "G"

    associate.sees(f"/maintenance/changes/{key(change)}/", "Move the disk", "Take it")
    associate.does("maintenance.take_part", part)
    associate.does("maintenance.note_on_part", part, text="The disk is half full.")
    assert "is not done" in senior.cannot("maintenance.accept_part", part)
    asked = associate.asks("maintenance.carry_out_part", part, result="The disk is moved.")
    senior.gives_go_ahead(asked)
    senior.does("maintenance.accept_part", part, word="Clean work.")
    associate.showed("MA-L2-3", on=change, witness=senior)


def test_a_junior_does_its_steps_with_a_go_ahead(
    junior: Somebody, associate: Somebody, senior: Somebody, change: str
) -> None:
    part = made(senior.does("maintenance.add_part", change, text="Drain it", who=junior.name))
    senior.gives_go_ahead(junior.asks("maintenance.take_part", part))
    done = junior.asks("maintenance.finish_part", part, result="Nothing runs there.")
    senior.gives_go_ahead(done)
    senior.does("maintenance.accept_part", part)
    junior.showed("MA-L2-3", on=change, witness=senior)


def test_what_was_done_without_a_go_ahead_is_accepted_and_shows_nothing(
    associate: Somebody, senior: Somebody, change: str
) -> None:
    part = made(senior.does("maintenance.add_part", change, text="Drain the host"))
    associate.does("maintenance.take_part", part)
    associate.does("maintenance.finish_part", part, result="Nothing runs there.")
    senior.does("maintenance.accept_part", part)
    assert associate.shown("MA-L2-3") == []
