"""Who may do what to the catalogue, and what comes of it."""

import pytest
from tests.conftest import MakePerson

from watchbill.acts import timeline
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.registry import KINDS
from watchbill.catalog import acts
from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person, Team

pytestmark = pytest.mark.django_db
DO, WAIT, REFUSE = Effect.DO, Effect.WAIT, Effect.REFUSE


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("add_component", {"tier": "routine"}, [REFUSE, WAIT, DO, DO]),
        ("add_component", {"tier": "critical"}, [REFUSE, REFUSE, WAIT, DO]),
        ("edit_component", {}, [WAIT, DO, DO, DO]),
        ("set_link", {}, [WAIT, DO, DO, DO]),
        ("set_dependency", {}, [WAIT, DO, DO, DO]),
        ("drop_dependency", {}, [WAIT, DO, DO, DO]),
        ("set_tier", {"tier": "moderate"}, [REFUSE, WAIT, DO, DO]),
        ("set_tier", {"tier": "critical"}, [REFUSE, REFUSE, WAIT, DO]),
        ("import_file", {"text": "components:\n - slug: x\n   owner: shop"},
         [REFUSE, WAIT, DO, DO]),
        ("import_file", {"text": "components:\n - slug: x\n   owner: shop\n   tier: critical"},
         [REFUSE, REFUSE, WAIT, DO]),
        ("import_file", {"text": "components:\n - slug: payments\n   tier: routine"},
         [REFUSE, REFUSE, WAIT, DO]),
    ],
)  # fmt: skip
def test_levels(
    name: str, given: dict[str, str], wanted: list[Effect], make_person: MakePerson,
    checkout: Component, house: House,
) -> None:  # fmt: skip
    kind = KINDS[f"catalog.{name}"]
    on = house if kind.subject is House else checkout
    people = [make_person(f"p{level}", level) for level in (1, 2, 3, 4)]
    assert [kind.may(person, on, given).effect for person in people] == wanted


def test_a_component_is_added(sam: Person, house: House, team: Team) -> None:
    entry = acts.add_component.perform(sam, house, name="Search Index", owner="shop")
    found = Component.objects.get(slug="search-index")
    assert (found.name, found.owner, found.tier) == ("Search Index", team, Tier.ROUTINE)
    assert [e.pk for e in timeline.of(found)] == [entry.pk]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "Payments", "owner": "shop"}, "name"),
        ({"name": "New", "owner": "nobody"}, "owner"),
        ({"name": "!!", "owner": "shop"}, "slug"),
        ({"name": "New", "owner": "shop", "slug": "No Slug"}, "slug"),
        ({"name": "N" * 101, "owner": "shop", "slug": "n"}, "name"),
    ],
)
def test_a_component_that_cannot_be_added(
    given: dict[str, str], field: str, sam: Person, house: House, payments: Component
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.add_component.perform(sam, house, **given)
    assert caught.value.field == field


def test_the_card(ann: Person, checkout: Component, payments: Component) -> None:
    acts.edit_component.perform(ann, checkout, description="Takes the order.")
    acts.set_link.perform(ann, checkout, title="Repository", url="https://git.example/c")
    acts.drop_dependency.perform(ann, checkout, needs="payments")
    checkout.refresh_from_db()
    assert (checkout.name, checkout.description) == ("Checkout", "Takes the order.")
    assert checkout.links == {"Repository": "https://git.example/c"}
    assert not checkout.depends_on.exists()
    acts.set_link.perform(ann, checkout, title="Repository")
    acts.set_dependency.perform(ann, payments, needs="checkout")
    checkout.refresh_from_db()
    assert checkout.links == {}
    assert list(payments.depends_on.all()) == [checkout]
    for wrong in ({"needs": "payments"}, {"needs": "nothing"}):
        with pytest.raises(CannotBeDone):
            acts.set_dependency.perform(ann, payments, **wrong)
    with pytest.raises(CannotBeDone, match="no web address"):
        acts.set_link.perform(ann, checkout, title="X", url="javascript:alert(1)")


def test_lowering_a_tier_takes_the_standing_of_the_tier_it_leaves(
    sam: Person, lea: Person, payments: Component
) -> None:
    asked = acts.set_tier.perform(sam, payments, tier="routine", why="nobody uses it")
    assert asked.state == "asked"
    assert acts.set_tier.perform(lea, payments, tier="routine", why="so").state == "done"
    payments.refresh_from_db()
    assert payments.tier is Tier.ROUTINE


FILE = """\
components:
  - slug: checkout
    tier: moderate
    depends_on: [search]
  - slug: search
    name: Search
    owner: shop
  - slug: payments
    name: Payments
"""


def test_a_file_is_previewed_and_brought_in(
    sam: Person, house: House, checkout: Component, payments: Component
) -> None:
    effect = acts.import_file.effect
    assert effect is not None
    assert effect(house, {"text": FILE}) == [
        "change checkout: tier routine → moderate; depends on payments → search",
        "add search (routine, Shop team)",
    ]
    entry = acts.import_file.perform(sam, house, text=FILE)
    assert entry.says == "brought in components.yml: 1 components added, 1 changed"
    checkout.refresh_from_db()
    assert (checkout.tier, checkout.version) == (Tier.MODERATE, 1)
    assert [c.slug for c in checkout.depends_on.all()] == ["search"]
    assert effect(house, {"text": FILE}) == ["no change"]
    with pytest.raises(CannotBeDone, match="says all of this already"):
        acts.import_file.perform(sam, house, text=FILE)


def test_a_file_with_mistakes_changes_nothing(
    sam: Person, house: House, checkout: Component
) -> None:
    text = (
        "components:\n  - slug: new\n    owner: shpo\n    depends_on: [chekout]\n"
        "  - slug: other\n  - slug: checkout\n    depends_on: [checkout]\n"
    )
    with pytest.raises(CannotBeDone) as caught:
        acts.import_file.perform(sam, house, text=text, name="things.yml")
    assert caught.value.what.splitlines() == [
        "things.yml, line 3: there is no team 'shpo' (did you mean shop?)",
        "things.yml, line 4: there is no component 'chekout' to depend on (did you mean checkout?)",
        "things.yml, line 5: 'other' is new and has no owner (teams: shop)",
        "things.yml, line 7: 'checkout' depends on itself",
    ]
    assert set(Component.objects.values_list("slug", flat=True)) == {"checkout", "payments"}
