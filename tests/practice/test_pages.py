"""Where the work of practice is found: lists, components, alerts, reports, people."""

from datetime import timedelta

import pytest
from django.test import Client

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.monitoring.models import Report
from watchbill.people.models import Person
from watchbill.practice import acts
from watchbill.practice.models import Review


@pytest.fixture
def reader(sam: Person) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_reviews_are_narrowed_by_kind(reader: Client, review: Review, sam: Person) -> None:
    acts.open_review.perform(sam, review.matter, kind="coverage", title="What watches it")
    assert "Why the shop was slow" in shown(reader, "/reviews/?kind=post-incident")
    assert "Why the shop was slow" not in shown(reader, "/reviews/?kind=coverage")
    assert "Why the shop was slow" in shown(reader, "/reviews/?kind=none"), "no such kind: all"


def test_empty_sheets_invite_only_while_a_review_is_open(
    reader: Client, review: Review, sam: Person
) -> None:
    page = f"/reviews/{review.pk}/"
    assert "What they learned" in shown(reader, page)
    acts.publish_review.perform(sam, review, findings="The pool had no limit.")
    assert "What they learned" not in shown(reader, page)


def test_work_is_begun_where_it_is_seen(
    reader: Client, shop: Component, sam: Person, jun: Person
) -> None:
    now = clock.now()
    alert = Alert.objects.create(
        fingerprint="f", name="Disk", component=shop, state=Alert.State.FIRING, starts_at=now
    )
    report = Report.objects.create(
        by=jun, component=shop, what="Slow", level=1, start=now - timedelta(hours=1), end=now,
        answer=Report.Answer.REAL, answered_by=sam, because="It fills.",
    )  # fmt: skip
    for on in (shop, alert, report):
        assert "/do/practice.initiate_prevention" in shown(reader, on.get_absolute_url())
    page = shown(reader, shop.get_absolute_url())
    for name in ("initiate_enhancement", "record_design", "open_review"):
        assert f"/do/practice.{name}" in page
    assert "/do/practice.start_pairing" in shown(reader, "/people/jun")
    assert "/do/practice.start_pairing" not in shown(reader, "/people/sam"), "not with oneself"
