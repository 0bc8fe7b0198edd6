"""Every address that writes does so through an act; reading writes nothing.

Each route is called for real, by the owner, with every method, while the statements that reach the
database are watched. A route that writes must leave a ledger entry, or stand in the short list of
those that cannot be acts.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from watchbill.accounts import first_run
from watchbill.acts.models import Entry
from watchbill.acts.reference import addresses
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db

# What writes without an act, and why: nobody is there yet to act, or a machine brings things in.
NOT_ACTS = {
    "accounts:sign-in": "a session begins",
    "accounts:sign-in-as": "a session begins, in the demo on this machine",
    "accounts:sign-out": "a session ends",
    "accounts:first-run": "the owner is made",
    "alerts:am-alerts": "machine intake",
}
MECHANISM = {"acts:do", "acts:answer", "acts:rest-do", "acts:rest-answer", "alerts:am-silences",
             "alerts:am-silence"}  # fmt: skip
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|REPLACE)\b.*?\"(\w+)\"", re.IGNORECASE | re.DOTALL)
# Sessions are Django's own; news for live pages and the ledger's side tables come with an act.
HOUSEKEEPING = {"django_session"}
METHODS = ("get", "post", "put", "patch", "delete")
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@contextmanager
def writes() -> Iterator[list[str]]:
    """The tables written to meanwhile."""
    tables: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if found := WRITES.match(sql):
            tables.append(found[2])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield tables


def called(route: str, owner: Person) -> str:
    """The address with something plausible in place of its arguments."""
    values = {"username": owner.username, "name": "accounts.add_team", "slug": "shop",
              "collection": "people", "key": "1", "number": "1", "path": "query"}  # fmt: skip
    with_uuid = re.sub(r"<uuid:\w+>", "0195f0a0-0000-7000-8000-000000000001", route)
    return "/" + ARGUMENT.sub(lambda found: values.get(found[1], "1"), with_uuid)


@pytest.fixture
def owner(make_person) -> Person:
    return make_person("own", 4, owner=True)


@pytest.mark.parametrize("route", sorted({(r, n) for r, n, _ in addresses()}), ids=str)
def test_a_route_writes_through_an_act_or_not_at_all(route: tuple[str, str], owner, team) -> None:
    address, name = route
    House.get()
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    for method in METHODS:
        before = Entry.objects.count()
        with writes() as tables:
            getattr(client, method)(called(address, owner), {"word": "go-ahead", "on": "x:1"})
        written = set(tables) - HOUSEKEEPING
        if name in NOT_ACTS or not written:
            continue
        assert name in MECHANISM, f"{method} {address} wrote {sorted(written)} without an act"
        assert Entry.objects.count() > before, f"{method} {address} wrote without a ledger entry"


def test_the_watch_sees_a_write(owner: Person) -> None:
    with writes() as tables:
        Person.objects.filter(pk=owner.pk).update(name="x")
        House.objects.get_or_create(pk=1)
    assert "people_person" in tables


def test_the_list_of_exceptions_is_not_longer_than_it_must_be() -> None:
    names = {name for _, name, _ in addresses()}
    assert set(NOT_ACTS) <= names
    assert names >= MECHANISM


def test_the_mechanism_writes_an_entry(owner: Person) -> None:
    client = Client()
    client.force_login(owner)
    with writes() as tables:
        answer = client.post(
            "/do/accounts.add_team",
            {"on": House.get().ref, "slug": "web", "name": "Web"},
        )
    assert answer.status_code == 302
    assert {"people_team", "acts_entry"} <= set(tables)
    assert Entry.objects.get().by == owner


def test_the_first_visit_works_once(client: Client) -> None:
    link = first_run.link()
    path = link.partition("//")[2].partition("/")[2]
    assert client.get("/" + path).status_code == 200
    form = {"house": "Shop", "name": "Olga", "username": "olga",
            "password": "correct horse battery", "key": path.partition("key=")[2]}  # fmt: skip
    assert client.post("/first-run", {**form, "key": "guess"}).status_code == 403
    assert client.post("/first-run", form).status_code == 302
    olga = Person.objects.get()
    assert (olga.is_owner, olga.level("monitoring")) == (True, 4)
    assert first_run.link() == ""
    assert client.post("/first-run", form).status_code == 403
