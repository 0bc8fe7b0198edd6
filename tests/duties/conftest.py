"""The cast of the walks: a team with somebody at each level, another team, and what they run.

Every duty of the ladder has one walk in a file named by its id: `test_ir_l1_3.py` walks IR-L1-3, in
a test of the same name. A walk is
driven by REST or by page as a person of the duty's level, asserts the evidence and its witness, and
that somebody one level below gets exactly what `ladder/duties.toml` says under `below`.
"""

import pytest
from tests.duties.door import Somebody

from watchbill.catalog.models import Component
from watchbill.people.models import House, Team


@pytest.fixture
def junior(make_person, team: Team) -> Somebody:
    """L1 of the shop's team."""
    return _of(team, make_person("junior", 1))


@pytest.fixture
def associate(make_person, team: Team) -> Somebody:
    """L2 of the shop's team."""
    return _of(team, make_person("associate", 2))


@pytest.fixture
def other_associate(make_person, team: Team) -> Somebody:
    """Another L2."""
    return _of(team, make_person("colleague", 2))


@pytest.fixture
def senior(make_person, team: Team) -> Somebody:
    """L3 of the shop's team: leads its components."""
    return _of(team, make_person("senior", 3))


@pytest.fixture
def other_senior(make_person, team: Team) -> Somebody:
    """Another L3."""
    return _of(team, make_person("mentor", 3))


@pytest.fixture
def lead(make_person, team: Team) -> Somebody:
    """L4 of the shop's team."""
    return _of(team, make_person("lead", 4))


@pytest.fixture
def other_lead(make_person, team: Team) -> Somebody:
    """Another L4."""
    return _of(team, make_person("deputy", 4))


@pytest.fixture
def owner(make_person) -> Somebody:
    """The owner of the installation, who stands at L1."""
    return Somebody(make_person("owner", 1, owner=True))


@pytest.fixture
def neighbour(make_person) -> Somebody:
    """L2 of another team, which depends on the shop."""
    return _of(Team.objects.create(slug="platform", name="Platform"), make_person("neighbour", 2))


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    """A routine component of the team."""
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def payments(team: Team, house: House) -> Component:
    """A critical component of the team."""
    return Component.objects.create(slug="payments", name="Payments", owner=team, stakes=2)


def _of(team: Team, person) -> Somebody:
    team.members.add(person)
    return Somebody(person)
