"""What changes at the next level, from the authority table in force."""

from watchbill.acts.authority import NEED
from watchbill.acts.registry import KINDS
from watchbill.ladder.next_level import Becomes, next_level
from watchbill.lib.levels import Area, Tier

IR = Area.INCIDENT_RESPONSE


def becoming(area: Area, level: int, **table: tuple[int, int, int]) -> tuple[list[str], list[str]]:
    found = next_level(KINDS.values(), area, level, {**NEED, **table})
    assert found.level == level + 1
    return [one.title for one in found.alone], [one.title for one in found.guided]


def test_what_is_done_alone_and_what_with_a_go_ahead_from_then_on() -> None:
    alone, guided = becoming(IR, 1)
    assert "Take a seat" in alone
    assert "Take the lead" in guided
    assert "Take the lead" not in alone
    assert "Note" not in alone  # everybody may, always
    alone, _ = becoming(IR, 2)
    assert "Take the lead" in alone
    assert "Sign" not in becoming(IR, 1)[1]  # never under guidance


def test_each_area_has_its_own() -> None:
    alone, _ = becoming(Area.MONITORING, 1)
    assert "Take it" in alone
    assert "Take a seat" not in alone


def test_the_teams_own_numbers_count() -> None:
    alone, guided = becoming(IR, 1, take=(3, 3, 3))
    assert "Take a seat" not in alone
    assert "Take a seat" in guided


def test_the_tiers_are_told_where_it_is_not_all_of_them() -> None:
    assert Becomes("Run", "", tuple(Tier)).where == ""
    assert Becomes("Run", "", (Tier.ROUTINE, Tier.MODERATE)).where == "routine and moderate"
