"""What each kind of review looks at: on what it is opened, in which area, what is decided in it."""

from watchbill.acts.registry import Given
from watchbill.catalog.models import Component
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Team
from watchbill.people.subject import Subject
from watchbill.practice.about import area_of
from watchbill.practice.models import Decision, Review

Kind = Review.Kind
Topic = Decision.Topic

# Kinds that look at something as it stands, in the order in which they are offered on it.
STANDING: dict[type[Subject], tuple[Kind, ...]] = {
    House: (Kind.AREA, Kind.MONITORING, Kind.PLAN, Kind.COVERAGE, Kind.RETROSPECTIVE),
    Team: (Kind.RETROSPECTIVE, Kind.COVERAGE, Kind.AREA, Kind.MONITORING, Kind.PLAN),
    Component: (Kind.COVERAGE, Kind.RETROSPECTIVE, Kind.MONITORING, Kind.PLAN, Kind.POST_INCIDENT),
}
AREAS = {
    Kind.RETROSPECTIVE: Area.MONITORING,
    Kind.COVERAGE: Area.MONITORING,
    Kind.MONITORING: Area.MONITORING,
    Kind.AREA: Area.INCIDENT_RESPONSE,
    Kind.PLAN: Area.MAINTENANCE,
}
TOPICS: dict[str, tuple[Topic, ...]] = {
    Kind.AREA: (Topic.SCHEME, Topic.PROCESS, Topic.WATCHES, Topic.AIMS),
    Kind.MONITORING: (Topic.COVERAGE, Topic.OBJECTIVES, Topic.RISK),
    Kind.PLAN: (Topic.LIFECYCLE, Topic.SUPPORT, Topic.DEBT, Topic.WINDOWS),
}
SIGNING = {Kind.AREA.value: "IR-L4-1", Kind.MONITORING.value: "MO-L4-1", Kind.PLAN.value: "MA-L4-1"}


def kinds_for(on: Subject) -> tuple[Kind, ...]:
    """The kinds of review that `on` can have; the first is the usual one."""
    for model, kinds in STANDING.items():
        if isinstance(on, model):
            return kinds
    if area_of(on, {}) == Area.MONITORING:
        return (Kind.POST_INCIDENT, Kind.RETROSPECTIVE)
    return (Kind.POST_INCIDENT,)


def kind_choices(on: Subject) -> list[tuple[str, str]]:
    """For a form: the kinds that fit."""
    return [(kind.value, kind.label.capitalize()) for kind in kinds_for(on)]


def area_of_review(on: Subject, given: Given) -> str:
    """The area of the kind that is given; a post-incident review has that of its matter."""
    word = str(given.get("kind") or kinds_for(on)[0])
    area = AREAS.get(Kind(word)) if word in Kind.values else None
    return str(area or area_of(on, {}))


def signing_tier(review: Review, given: Given) -> Tier:
    """To sign the plan of the whole system's maintenance is critical; other reviews are routine."""
    return Tier.CRITICAL if review.kind == Kind.PLAN else Tier.ROUTINE


def topic_choices(review: Review) -> list[tuple[str, str]]:
    """For a form: what a review of this kind decides."""
    return [(topic.value, topic.label.capitalize()) for topic in TOPICS.get(review.kind, ())]
