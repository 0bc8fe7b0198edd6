"""Accounts, placement, contact methods and tokens: what is done, refused, kept apart and erased."""

import pytest
from django.test import Client

from watchbill.accounts import acts, sign_ins, tokens
from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry, Kept
from watchbill.lib import clock
from watchbill.people.identify import digest
from watchbill.people.models import ContactMethod, House, Person, Team, Token

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(make_person) -> Person:
    return make_person("own", 4, owner=True)


def test_only_the_owner_adds_people_and_the_password_stays_off_the_ledger(
    owner: Person, lea: Person
) -> None:
    house = House.get()
    given = {"username": "kim", "name": "Kim", "password": "plum-tart-4711", "email": "k@x.org"}
    assert acts.add_person.perform(lea, house, **given).state == "refused"
    done = acts.add_person.perform(owner, house, **given)
    kim = Person.objects.get(username="kim")
    assert kim.check_password("plum-tart-4711")
    assert kim.level("monitoring") == 1
    assert "plum" not in str(done.given) + done.says + str(list(Kept.objects.values()))
    assert "k@x.org" not in str(done.given) + done.says


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"username": "own"}, "username"),
        ({"username": "no spaces"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_wrong_account_is_refused_by_field(owner: Person, given: dict, field: str) -> None:
    whole = {"username": "kim", "name": "Kim", "password": "plum-tart-4711", **given}
    with pytest.raises(CannotBeDone) as caught:
        acts.add_person.perform(owner, House.get(), **whole)
    assert caught.value.field == field


def test_placement_is_a_leads_and_takes_effect_at_once(
    jun: Person, sam: Person, lea: Person
) -> None:
    how = {"area": "maintenance", "level": 2, "reason": "two duties signed"}
    assert acts.place.perform(sam, jun, **how).state == "refused"
    assert acts.place.perform(lea, jun, **how).state == "done"
    assert (Person.objects.get(pk=jun.pk).level("maintenance"), jun.standings.count()) == (2, 4)


def test_placement_needs_a_level_an_area_and_a_reason(jun: Person, lea: Person) -> None:
    for wrong in ({"level": 5}, {"area": "cooking"}, {"reason": " "}):
        how = {"area": "maintenance", "level": 2, "reason": "ok", **wrong}
        if "area" in wrong:
            assert acts.place.perform(lea, jun, **how).state == "refused"  # no level stands there
        else:
            with pytest.raises(CannotBeDone):
                acts.place.perform(lea, jun, **how)


def test_a_removed_contact_is_erased_everywhere(jun: Person) -> None:
    acts.add_contact.perform(jun, jun, kind="email", address="jun@home.example")
    method = ContactMethod.objects.get()
    assert Kept.objects.get().value == "jun@home.example"
    acts.remove_contact.perform(jun, method)
    assert ContactMethod.objects.get().address == ""
    assert Kept.objects.get().value == ""
    assert "jun@home" not in str([(e.given, e.says, e.came_of_it) for e in Entry.objects.all()])


def test_nobody_touches_the_contacts_of_others(jun: Person, lea: Person) -> None:
    given = {"kind": "email", "address": "x@y.org"}
    assert acts.add_contact.perform(lea, jun, **given).state == "refused"


def test_a_token_is_shown_once_works_and_ends(jun: Person) -> None:
    entry = acts.make_token.perform(jun, jun, name="laptop")
    secret = entry.once["token"]
    assert secret not in str([(e.given, e.says, e.came_of_it) for e in Entry.objects.all()])
    token = Token.objects.get()
    assert token.sha256 == digest(secret)
    header = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert Client().get("/api/v1/asks", **header).status_code == 200
    acts.revoke_token.perform(jun, token)
    assert Client().get("/api/v1/asks", **header).status_code == 401


def test_a_closed_account_ends_tokens_and_sessions(owner: Person, jun: Person) -> None:
    secret = acts.make_token.perform(jun, jun, name="laptop").once["token"]
    browser = Client()
    browser.force_login(jun)
    assert browser.get("/asks").status_code == 200
    acts.close_account.perform(owner, jun, why="left")
    header = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert Client().get("/api/v1/asks", **header).status_code == 401
    assert browser.get("/asks").status_code == 302


def test_telemetry_is_told_of_source_tokens_by_hash(owner: Person, settings, tmp_path) -> None:
    settings.DATA = tmp_path
    settings.TELEMETRY_TOKEN = "own token"
    entry = acts.add_source.perform(owner, House.get(), name="prom", scopes=["alerts", "write"])
    assert tokens.tick(clock.now()) == 1
    assert tokens.tick(clock.now()) == 0
    told = (tmp_path / "tokens.json").read_text()
    assert digest(entry.once["token"]) in told
    assert entry.once["token"] not in told
    assert '"alerts"' not in told  # not telemetry's affair
    assert oct((tmp_path / "tokens.json").stat().st_mode)[-3:] == "600"


def test_guessing_is_slowed_down(jun: Person) -> None:
    jun.set_password("plum-tart-4711")
    jun.save()
    for _ in range(sign_ins.MOST):
        Client().post("/sign-in", {"username": "jun", "password": "wrong"})
    right = Client().post("/sign-in", {"username": "JUN", "password": "plum-tart-4711"})
    assert right.status_code == 422
    clock.shift(sign_ins.WITHIN)
    right = Client().post("/sign-in", {"username": "JUN", "password": "plum-tart-4711"})
    assert right.status_code == 302


def test_sign_in_goes_nowhere_else(jun: Person) -> None:
    jun.set_password("plum-tart-4711")
    jun.save()
    form = {"username": "jun", "password": "plum-tart-4711", "next": "https://evil.example/"}
    assert Client().post("/sign-in", form)["Location"] == "/"


def test_the_example_people_are_not_offered_without_the_example(make_person) -> None:
    ex = make_person("ex")
    Person.objects.filter(pk=ex.pk).update(example=True)
    assert "/sign-in/as/" not in Client().get("/sign-in").content.decode()
    assert Client().post("/sign-in/as/ex").status_code == 404


def test_the_dial_is_a_leads_and_never_guided(sam: Person, lea: Person) -> None:
    how = {"area": "monitoring", "dial": "advise", "why": "we begin"}
    assert acts.set_dial.perform(sam, House.get(), **how).state == "refused"
    assert acts.set_dial.perform(lea, House.get(), **how).state == "done"
    assert House.get().dial("monitoring") == "advise"
    assert House.get().dial("maintenance") == "ask"


def test_a_team_has_members(owner: Person, jun: Person) -> None:
    acts.add_team.perform(owner, House.get(), slug="web", name="Web")
    team = Team.objects.get()
    acts.add_member.perform(owner, team, member="jun")
    assert list(team.members.all()) == [jun]
    acts.remove_member.perform(owner, team, member="jun")
    assert not team.members.exists()
    assert [entry.by for entry in timeline.of(team)] == [owner] * 3


@pytest.mark.parametrize(
    "path", ["/people/", "/people/own", "/teams/shop", "/settings/", "/settings/authority",
             "/settings/sources", "/sign-in"],
)  # fmt: skip
def test_every_page_is_there(owner: Person, team: Team, path: str) -> None:
    browser = Client()
    browser.force_login(owner)
    assert browser.get(path).status_code == 200
