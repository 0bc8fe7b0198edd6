"""A component to look back on, an open review and a proposal in it."""

from collections.abc import Callable

import pytest

from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team
from watchbill.practice import acts
from watchbill.practice.models import Improvement, Review

Propose = Callable[..., Improvement]


@pytest.fixture
def shop(team: Team, house: House) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def review(shop: Component, sam: Person) -> Review:
    acts.open_review.perform(sam, shop, title="Why the shop was slow", kind="post-incident")
    return Review.objects.get()


@pytest.fixture
def propose(review: Review, jun: Person) -> Propose:
    """`propose(measure="…")`: an improvement proposed in the review by the junior."""

    def propose(title: str = "Limit retries", measure: str = "") -> Improvement:
        acts.propose_improvement.perform(
            jun, review, title=title, expected="No storms", measure=measure
        )
        return Improvement.objects.get(title=title)

    return propose
