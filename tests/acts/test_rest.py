"""The API over the mechanism: every act is described, performed, asked, answered, refused."""

import json

import pytest
from django.test import Client

from watchbill.acts.kinds import Act
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.people.identify import digest
from watchbill.people.models import Person, Token

pytestmark = pytest.mark.django_db


def bearer(person: Person) -> dict[str, str]:
    secret = f"wb_{person.username}"
    Token.objects.get_or_create(kind="personal", person=person, name="t", sha256=digest(secret))
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def post(person: Person, path: str, body: object):
    return Client().post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", **bearer(person)
    )


def get(person: Person, path: str):
    return Client().get(f"/api/v1/{path}", **bearer(person))


def test_every_act_and_its_parameters_are_described(ann: Person) -> None:
    told = {kind["act"]: kind for kind in get(ann, "acts").json()["acts"]}
    assert set(told) == set(KINDS)
    severity = told["incidents.declare"]["parameters"]["properties"]["severity"]
    assert "sev1" in json.dumps(severity)
    document = Client().get("/api/v1/openapi.json").json()
    assert {f"/api/v1/acts/{name}" for name in KINDS} <= set(document["paths"])


def test_done_asked_refused_and_answered(
    describe: Act, shop: Component, jun: Person, ann: Person, make_person
) -> None:
    done = post(ann, "acts/test.describe", {"on": "catalog.component:shop", "text": "a"})
    assert (done.status_code, done.json()["state"]) == (200, "done")
    asked = post(jun, "acts/test.describe", {"on": shop.ref, "text": "b"})
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    assert "guide" in asked.json()["instead"]
    number = asked.json()["id"]
    assert [row["id"] for row in get(ann, "asks").json()["asked"]] == [number]
    assert post(ann, f"asks/{number}/answer", {"word": "hold"}).status_code == 409
    assert post(ann, f"asks/{number}/answer", {"word": "perhaps"}).status_code == 422
    answered = post(ann, f"asks/{number}/answer", {"word": "go-ahead", "why": "yes"})
    assert (answered.json()["state"], answered.json()["guide"]) == ("done", "ann")
    shop.stakes = 1
    shop.save()
    refused = post(jun, "acts/test.describe", {"on": shop.ref, "text": "c"})
    assert refused.status_code == 403
    assert refused.json()["instead"]
    states = [row["state"] for row in get(ann, f"ledger?ref={shop.ref}").json()["entries"]]
    assert states == ["refused", "done", "asked", "done"]


def test_may_gives_the_reason(describe: Act, shop: Component, jun: Person) -> None:
    told = get(jun, f"may?act=test.describe&on={shop.ref}").json()
    assert (told["mode"], told["effect"], told["need"], told["standing"]) == (
        "guided", "wait", 2, 1,
    )  # fmt: skip
    assert "L2" in told["reason"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("acts/test.nothing", {"on": "people.house:1"}, 422, "no act"),
        ("acts/accounts.add_team", {}, 400, "on what"),
        ("acts/accounts.add_team", {"on": "people.house:77"}, 404, "no house"),
        ("acts/accounts.add_team", {"on": "auth.group:1"}, 404, "not something to act on"),
        ("acts/accounts.add_team", {"on": "people.house:1"}, 422, "slug is missing"),
        ("acts/accounts.add_team", [], 400, "on what"),
    ],
)
def test_what_is_wrong_is_said(house, ann, path: str, body: object, status: int, words: str):
    answer = post(ann, path, body)
    assert answer.status_code == status
    assert words in answer.json()["error"]["what"]


def test_a_body_that_is_not_json(ann: Person) -> None:
    answer = Client().post("/api/v1/acts/x", b"{", content_type="application/json", **bearer(ann))
    assert answer.status_code == 400


def test_without_a_token_and_with_a_dead_one(ann: Person) -> None:
    assert Client().get("/api/v1/asks").status_code == 401
    bad = Client().get("/api/v1/asks", HTTP_AUTHORIZATION="Bearer nothing")
    assert bad.status_code == 401


def test_a_source_token_signs_nobody_in(ann: Person) -> None:
    Token.objects.create(kind="source", person=ann, name="p", sha256=digest("wbs_x"),
                         scopes=["alerts"])  # fmt: skip
    answer = Client().get("/api/v1/asks", HTTP_AUTHORIZATION="Bearer wbs_x")
    assert answer.status_code == 401


def test_a_form_from_elsewhere_is_refused(house, ann: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ann)
    assert strict.post("/do/accounts.edit_profile", {"on": ann.ref}).status_code == 403


def test_a_form_shows_what_is_wrong_beside_the_field_and_keeps_what_was_typed(
    describe: Act, shop: Component, ann: Person, client: Client
) -> None:
    client.force_login(ann)
    answer = client.post("/do/test.describe", {"on": shop.ref, "text": "impossible"})
    assert answer.status_code == 422
    assert "That cannot be." in answer.content.decode()
    assert "impossible" in answer.content.decode()
