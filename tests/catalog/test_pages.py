"""The pages of the catalogue, and how many queries they take with many rows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from watchbill.catalog import acts, panels
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team

pytestmark = pytest.mark.django_db
LIST_QUERIES = 26
PAGE_QUERIES = 42


def test_signing_in_comes_first(client: Client) -> None:
    assert client.get("/maintenance/components/").headers["Location"].startswith("/sign-in?next=")


def test_an_empty_catalogue_teaches(client: Client, jun: Person, house: House) -> None:
    client.force_login(jun)
    page = client.get("/maintenance/components/").content.decode()
    assert "Nothing is in the catalogue yet." in page
    assert "Bring in a file" in page


def test_a_component_says_what_it_is(
    client: Client, ann: Person, checkout: Component, payments: Component
) -> None:
    acts.edit_component.perform(ann, payments, description="Charges **cards**. <script>x</script>")
    client.force_login(ann)
    page = client.get("/maintenance/components/payments/").content.decode()
    assert "Run by Shop team; its" in page
    assert "is critical; 1 other needs it." in page
    assert "<strong>cards</strong>" in page
    assert "<script>x" not in page
    assert "edited the card of Payments" in page
    assert "/maintenance/components/checkout/" in page


def test_many_components(client: Client, jun: Person, team: Team, house: House) -> None:
    Component.objects.bulk_create(
        Component(slug=f"c{n:05}", name=f"Component {n:05}", owner=team) for n in range(10_000)
    )
    client.force_login(jun)
    client.get("/maintenance/components/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get("/maintenance/components/?q=component&page=3").content.decode()
    assert "201 to 300 of 10000" in page
    assert len(queries) <= LIST_QUERIES, "\n".join(q["sql"] for q in queries)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/maintenance/components/c00001/").status_code == 200
    assert len(queries) <= PAGE_QUERIES, "\n".join(q["sql"] for q in queries)


def test_a_file_is_looked_through_before_it_is_brought_in(
    client: Client, sam: Person, team: Team, house: House
) -> None:
    client.force_login(sam)
    text = "components:\n - slug: new\n   owner: shop\n"
    page = client.post("/maintenance/components/file", {"text": text}).content.decode()
    assert "add new (routine, Shop team)" in page
    assert not Component.objects.exists()
    wrong = client.post("/maintenance/components/file", {"text": text + "   foo: 1"})
    assert wrong.status_code == 422
    assert "Line 4" in wrong.content.decode()
    done = client.post("/do/catalog.import_file", {"on": house.ref, "text": text})
    assert done.status_code == 302
    assert Component.objects.get().slug == "new"


def test_health_shows_the_worst(payments: Component, checkout: Component) -> None:
    told = [
        {payments.pk: panels.Health("good", "healthy")},
        {payments.pk: panels.Health("bad", "failing", "/x"), checkout.pk: panels.UNKNOWN},
    ]
    before = panels._health[:]
    panels._health[:] = [lambda components, one=one: one for one in told]
    try:
        found = panels.health_of(Component.objects.all())
    finally:
        panels._health[:] = before
    assert found[payments.pk].word == "failing"
    assert found[checkout.pk] == panels.UNKNOWN


def test_read_by_rest(client: Client, jun: Person, checkout: Component) -> None:
    client.force_login(jun)
    found = client.get("/api/v1/components/checkout").json()
    assert (found["ref"], found["tier"], found["depends_on"]) == (
        checkout.ref, "routine", ["payments"]
    )  # fmt: skip
    assert [c["slug"] for c in client.get("/api/v1/components").json()["components"]] == [
        "checkout", "payments"
    ]  # fmt: skip
