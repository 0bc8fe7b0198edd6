"""Signing in as one of the example team is for whoever sits at this machine, and nobody beyond."""

from pathlib import Path

import pytest
from django.test import Client

from watchbill.people import example
from watchbill.people.models import Person

pytestmark = pytest.mark.django_db
HERE = ["localhost", "127.0.0.1", "[::1]", ".localhost", ""]


@pytest.fixture
def shown(make_person, settings, tmp_path: Path) -> Person:
    """The example runs; its junior can be signed in as."""
    settings.DATA, settings.ALLOWED_HOSTS = tmp_path, HERE
    example.mark().parent.mkdir()
    example.mark().touch()
    junior = make_person("junior")
    Person.objects.filter(pk=junior.pk).update(example=True)
    return junior


def sign_in(**said: str) -> int:
    return (
        Client().post("/sign-in/as/junior", **{"HTTP_HOST": "127.0.0.1:8420", **said}).status_code
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8420", "[::1]:8420", "demo.localhost"])
def test_at_this_machine_it_is_one_click(shown: Person, host: str) -> None:
    assert sign_in(HTTP_HOST=host) == 302
    assert sign_in(HTTP_HOST=host, REMOTE_ADDR="::1") == 302


@pytest.mark.parametrize(
    "said",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_X_FORWARDED_SERVER": "watch.example.org"},
        {"HTTP_CF_CONNECTING_IP": "192.0.2.7"},
        {"HTTP_X_REAL_IP": "192.0.2.7"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_nobody_is_let_in_from_elsewhere_or_through_a_proxy(
    shown: Person, said: dict[str, str]
) -> None:
    assert sign_in(**said) == 404
    page = Client().get("/sign-in", HTTP_HOST="127.0.0.1", **said)
    assert "/sign-in/as/" not in page.content.decode()


@pytest.mark.parametrize("name", ["watch.example.org", "192.0.2.1", "box"])
def test_a_watchbill_that_is_known_by_another_name_offers_it_to_nobody(
    shown: Person, settings, name: str
) -> None:
    settings.ALLOWED_HOSTS = [*HERE, name]
    assert sign_in(HTTP_HOST=name) == 404
    assert sign_in(HTTP_HOST="127.0.0.1") == 404  # as a proxy that hides the name would ask


def test_a_strange_host_is_refused_altogether(shown: Person) -> None:
    assert sign_in(HTTP_HOST="evil.example") == 400


def opens(host: str, path: str = "/", **said: str) -> Client:
    """A browser that opens a page there."""
    client = Client()
    client.get(path, follow=True, HTTP_HOST=host, **said)
    return client


def who(client: Client) -> str:
    """Whom the browser is signed in as."""
    key = client.session.get("_auth_user_id")
    return Person.objects.get(pk=key).username if key else ""


def test_opening_somebodys_own_address_signs_in_as_them(shown: Person) -> None:
    client = Client()
    first = client.get("/ladder/", HTTP_HOST="junior.localhost:8420")
    assert first["Location"] == "/sign-in?next=%2Fladder%2F"
    then = client.get(first["Location"], HTTP_HOST="junior.localhost:8420")
    assert then["Location"] == "/ladder/"  # of the same host
    assert who(client) == "junior"


def test_the_session_that_was_there_before_is_not_gone_on_with(shown: Person) -> None:
    client = Client()
    client.session.save()
    planted = client.cookies["sessionid"].value
    client.get("/sign-in", HTTP_HOST="junior.localhost")
    assert client.cookies["sessionid"].value != planted


@pytest.mark.parametrize("host", ["nobody.localhost", "olga.localhost", "127.0.0.1", "localhost"])
def test_other_addresses_sign_nobody_in(shown: Person, make_person, host: str) -> None:
    make_person("olga")  # of a real team
    assert who(opens(host)) == ""


@pytest.mark.parametrize(
    "said",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_SEC_FETCH_DEST": "image"},
        {"HTTP_SEC_FETCH_DEST": "iframe"},
        {"HTTP_SEC_FETCH_DEST": "empty"},
    ],
)
def test_only_a_page_that_is_opened_here_signs_in(shown: Person, said: dict[str, str]) -> None:
    assert who(opens("junior.localhost", **said)) == ""


def test_a_watchbill_known_by_another_name_signs_nobody_in(shown: Person, settings) -> None:
    settings.ALLOWED_HOSTS = [*HERE, "watch.example.org"]
    assert who(opens("junior.localhost")) == ""


def test_without_the_example_the_addresses_mean_nothing(shown: Person) -> None:
    example.mark().unlink()
    assert who(opens("junior.localhost")) == ""


def test_whoever_signs_out_stays_out_until_they_come_back(shown: Person) -> None:
    client = opens("junior.localhost")
    out = client.post("/sign-out", HTTP_HOST="junior.localhost")
    page = client.get(out["Location"], HTTP_HOST="junior.localhost")
    assert who(client) == ""
    assert "/sign-in/as/junior" in page.content.decode()


def test_nobody_else_signs_in_at_an_address_that_is_somebodys(shown: Person, make_person) -> None:
    make_person("senior")
    Person.objects.update(example=True)
    there = Client().post("/sign-in/as/senior", HTTP_HOST="junior.localhost")
    assert there.status_code == 404
    assert Client().post("/sign-in/as/junior", HTTP_HOST="junior.localhost").status_code == 302


def test_a_form_counts_only_from_its_own_host(shown: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/sign-in?stay=1", HTTP_HOST="junior.localhost:8420")
    token = client.cookies["csrftoken"].value

    def from_(origin: str) -> int:
        return client.post(
            "/sign-in/as/junior", {"csrfmiddlewaretoken": token},
            HTTP_HOST="junior.localhost:8420", HTTP_ORIGIN=origin,
        ).status_code  # fmt: skip

    assert from_("http://senior.localhost:8420") == 403
    assert from_("http://127.0.0.1:8420") == 403
    assert from_("http://junior.localhost:8420") == 302
