"""What ends with an account, what stays, and what is swept."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from watchbill.accounts import acts, first_run
from watchbill.accounts.ticks import sweep
from watchbill.lib import clock
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db


def test_alerts_still_come_in_when_whoever_added_the_source_has_left(make_person) -> None:
    owner, other = make_person("own", 4, owner=True), make_person("other", 4, owner=True)
    added = acts.add_source.perform(owner, House.get(), name="prom", scopes=["alerts"])
    header = {"HTTP_AUTHORIZATION": f"Bearer {added.once['token']}"}
    acts.close_account.perform(other, owner, why="left")
    assert Client().get("/alertmanager/api/v2/status", **header).status_code == 200
    acts.revoke_token.perform(other, owner.tokens.get())
    assert Client().get("/alertmanager/api/v2/status", **header).status_code == 401


def test_the_first_owner_cannot_take_a_name_that_is_taken(make_person, settings, tmp_path) -> None:
    settings.DATA = tmp_path
    make_person("lea")
    key = first_run.link().partition("key=")[2]
    form = {"key": key, "house": "H", "name": "N", "username": "lea", "password": "plum-tart-4711"}
    answer = Client().post("/first-run", form)
    assert answer.status_code == 422
    assert "already exists" in answer.content.decode()
    assert Client().post("/first-run", {**form, "username": "Lee"}).status_code == 302


def test_sessions_that_are_over_are_swept(jun: Person) -> None:
    for age in (-1, 3600):
        browser = Client()
        browser.force_login(jun)
        session = browser.session
        session.set_expiry(age)
        session.save()
    sweep(clock.now())
    assert Session.objects.count() == 1
