"""What all tests share: people at every level, a telemetry, the clock put back."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from tests.prometheus_server import Telemetry

from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person, Standing, Team

MakePerson = Callable[..., Person]
MIGRATIONS = "watchbill.acts.migrations."
APPEND_ONLY = [
    import_module(MIGRATIONS + name) for name in ("0002_append_only", "0004_shown_append_only")
]


@pytest.fixture
def real_commits(transactional_db: None) -> Iterator[None]:
    """The database with real commits, for threads and processes.

    Such a test is cleaned up by emptying every table, which the ledger refuses: its triggers are
    taken away for the emptying and put back for the next test.
    """
    with connection.schema_editor() as editor:
        _let_be_emptied(editor)
        for migration in APPEND_ONLY:
            migration.install(None, editor)
    yield
    with connection.schema_editor() as editor:
        _let_be_emptied(editor)


def _let_be_emptied(editor: Any) -> None:
    for migration in reversed(APPEND_ONLY):
        for sql in migration.remove(connection.vendor):
            editor.execute(sql)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.reset()


@pytest.fixture
def make_person(db: None) -> MakePerson:
    """`make_person("ann", 2)`: somebody at L2 in every area, or `monitoring=3` in one."""

    def make(username: str, level: int = 1, *, owner: bool = False, **areas: int) -> Person:
        person = Person(username=username, name=username.capitalize(), is_owner=owner)
        person.set_unusable_password()
        person.save()
        for area in Area:
            at = areas.get(area.name.lower(), level)
            Standing.objects.create(person=person, area=area.value, level=at, reason="test")
        return person

    return make


@pytest.fixture
def jun(make_person: MakePerson) -> Person:
    """An L1."""
    return make_person("jun", 1)


@pytest.fixture
def ann(make_person: MakePerson) -> Person:
    """An L2."""
    return make_person("ann", 2)


@pytest.fixture
def sam(make_person: MakePerson) -> Person:
    """An L3."""
    return make_person("sam", 3)


@pytest.fixture
def lea(make_person: MakePerson) -> Person:
    """An L4."""
    return make_person("lea", 4)


@pytest.fixture
def house(db: None) -> House:
    """The installation, enforcing everywhere."""
    house = House.get()
    house.dials = {area.value: "enforce" for area in Area}
    house.save()
    return house


@pytest.fixture
def team(db: None) -> Team:
    """A team without members."""
    return Team.objects.create(slug="shop", name="Shop team")


@pytest.fixture
def telemetry(settings: Any) -> Iterator[Telemetry]:
    """A server that answers what the test says, at the address where telemetry is looked for."""
    running = Telemetry()
    settings.TELEMETRY_URL = running.url
    settings.TELEMETRY_TOKEN = "let me in"
    yield running
    running.close()


@pytest.fixture
def away(settings: Any) -> None:
    """Nothing listens: the port was free a moment ago."""
    gone = Telemetry()
    gone.close()
    settings.TELEMETRY_URL = gone.url
