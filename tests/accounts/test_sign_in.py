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
