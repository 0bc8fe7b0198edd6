"""What people do about pages, and about whom pages go to."""

from typing import Annotated

from django.utils.text import slugify

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.paging import escalate, plan
from watchbill.paging.models import Coverage, Escalation, EscalationPolicy, Page
from watchbill.paging.plan import WrongPlan
from watchbill.people.models import House, Person

Steps = Annotated[
    str,
    Field(label="Steps", long=True, help="One a line, such as: ann, team web by email, wait 5 min"),
]
Rounds = Annotated[int, Field(label="How often all steps are gone through", help="1 to 10")]
MOST_ROUNDS = 10


def _own(page: Page, person: Person) -> bool:
    return page.person_id == person.pk


@act("take", own=_own, says="acknowledged the {on}", title="Acknowledge")
def acknowledge(page: Page, by: Person) -> Outcome:
    """Say “I have it”: nobody further is called."""
    escalation = _calling(page)
    if escalation.state == Escalation.State.ACKNOWLEDGED:
        raise CannotBeDone("Somebody has acknowledged it already.", hint="See the timeline.")
    page.state, page.answered_at, page.answered_by = Page.State.ACKNOWLEDGED, clock.now(), by
    page.save(update_fields=["state", "answered_at", "answered_by"])
    escalation.state, escalation.due_at = Escalation.State.ACKNOWLEDGED, None
    escalation.save(update_fields=["state", "due_at"])
    escalate.stop(escalation.pages.filter(state__in=escalate.OPEN))
    return {}


def _others(page: Page) -> list[tuple[str, str]]:
    people = Person.objects.humans().exclude(pk=page.person_id).order_by("name", "username")
    return [(person.username, str(person)) for person in people]


@act("own", own=_own, says="handed the {on} on to {name}: {why}", title="Hand it on")
def hand_on(
    page: Page,
    by: Person,
    *,
    to: Annotated[str, Field(label="To", choices=_others)],
    why: Annotated[str, Field(label="Why, in a sentence", long=True)],
) -> Outcome:
    """Pass the page to somebody else, who is called at once in your place."""
    escalation = _calling(page)
    person = Person.objects.humans().filter(username__iexact=to).first()
    if person is None or person.pk == page.person_id:
        raise CannotBeDone("Choose somebody else who can be paged.", field="to")
    if not page.open and page.state != Page.State.ACKNOWLEDGED:
        raise CannotBeDone("It is not yours to hand on any more.")
    now = clock.now()
    wait = page.due_at - page.sent_at
    page.state, page.answered_at, page.answered_by = Page.State.HANDED_ON, now, by
    page.save(update_fields=["state", "answered_at", "answered_by"])
    fresh = Page.objects.create(
        escalation=escalation,
        person=person,
        taken=page.taken,
        channels=page.channels,
        sent_at=now,
        due_at=now + wait,
        handed_from=page,
        note=why[:300],
    )
    escalation.state, escalation.due_at = Escalation.State.CALLING, now + wait
    escalation.save(update_fields=["state", "due_at"])
    escalate.send(fresh, now)
    return {"ref": fresh.ref, "name": str(person)}


def _calling(page: Page) -> Escalation:
    """The page's escalation, locked; it has not ended."""
    escalation = Escalation.objects.select_for_update().get(pk=page.escalation_id)
    if escalation.state == Escalation.State.ENDED:
        raise CannotBeDone("The alert has ended.", hint="Nothing is left to answer.")
    return escalation


@act(
    "improve",
    area=Area.INCIDENT_RESPONSE,
    says="made the escalation policy {name}",
    title="New escalation policy",
)
def make_policy(
    house: House, by: Person, *, name: str, steps: Steps, rounds: Rounds = 1
) -> Outcome:
    """Say whom alerts call, in which order. Then say which components it is for."""
    slug = slugify(name)[:40]
    if not slug:
        raise CannotBeDone("Give it a name.", field="name")
    if EscalationPolicy.objects.filter(slug=slug).exists():
        raise CannotBeDone("There is one of this name already.", field="name")
    policy = EscalationPolicy(slug=slug, name=name[:100])
    _put(policy, steps, rounds)
    return {"ref": policy.ref, "slug": slug}


@act("improve", says="changed the steps of {on}: {why}", title="Change the steps")
def set_steps(
    policy: EscalationPolicy, by: Person, *, steps: Steps, rounds: Rounds = 1, why: str
) -> Outcome:
    """Change whom the policy calls. What is under way goes on as it began."""
    _put(policy, steps, rounds)
    return {"edition": policy.edition}


@act("improve", says="made {on} the policy for everything else", title="Use for everything else")
def use_for_rest(policy: EscalationPolicy, by: Person) -> Outcome:
    """Alerts of components without a policy of their own go to this one."""
    EscalationPolicy.objects.exclude(pk=policy.pk).update(for_rest=False)
    policy.for_rest = True
    policy.save(update_fields=["for_rest"])
    return {}


def _policies(component: Component) -> list[tuple[str, str]]:
    return [(policy.slug, policy.name) for policy in EscalationPolicy.objects.order_by("name")]


@act(
    "improve",
    area=Area.INCIDENT_RESPONSE,
    says="let alerts of {on} call by the policy {name}",
    title="Choose who is called",
)
def cover(
    component: Component,
    by: Person,
    *,
    policy: Annotated[str, Field(label="Escalation policy", choices=_policies)],
) -> Outcome:
    """Choose the escalation policy for this component's alerts."""
    chosen = EscalationPolicy.objects.filter(slug=policy).first()
    if chosen is None:
        raise CannotBeDone("There is no such policy.", field="policy", hint="Give its short name.")
    Coverage.objects.update_or_create(component=component, defaults={"policy": chosen})
    return {"name": chosen.name}


def _put(policy: EscalationPolicy, steps: str, rounds: int) -> None:
    if not 1 <= rounds <= MOST_ROUNDS:
        raise CannotBeDone("Between 1 and 10 rounds.", field="rounds")
    try:
        lines = plan.parse(steps)
    except WrongPlan as error:
        raise CannotBeDone(str(error), field="steps", hint=error.hint) from None
    policy.rounds = rounds
    policy.save()
    plan.put(policy, lines)
    policy.save(update_fields=["edition"])
