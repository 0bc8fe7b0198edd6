"""Reviews as the walks need them."""

from tests.duties.door import Somebody, made

from watchbill.catalog.models import Component


def reviewed(senior: Somebody, component: Component, title: str = "Slow at noon") -> str:
    """An incident that is over, with an open post-incident review that `senior` leads."""
    incident = made(senior.does("incidents.declare", component, title=title, severity="sev4"))
    senior.does("incidents.take_lead", incident)
    senior.does("incidents.resolve", incident, what_ended_it="A larger pool.")
    return made(senior.does("practice.open_review", incident))


def published(senior: Somebody, component: Component, **given: str) -> str:
    """The same, published."""
    review = reviewed(senior, component)
    senior.does("practice.publish_review", review, findings="The pool had no limit.", **given)
    return review
