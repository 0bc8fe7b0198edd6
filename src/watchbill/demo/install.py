"""Brings the example into Watchbill: people, components, rules, runbooks, whom to page.

Everything goes through the same acts, files and rules as a team's own. It is labelled: example
people carry a mark, and the only history is of metrics (`history.py`).
"""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction

from watchbill.accounts.acts import add_contact, add_member, add_team, place, set_dial
from watchbill.catalog.acts import import_file
from watchbill.demo import control, library, seed
from watchbill.demo.place import NotRunning, Place
from watchbill.lib import files
from watchbill.lib.levels import Area
from watchbill.paging.acts import make_policy, use_for_rest
from watchbill.paging.models import EscalationPolicy
from watchbill.people import example
from watchbill.people.models import House, Person, Team
from watchbill.runbooks.acts import publish

# username, name, levels in incident response, monitoring and maintenance
PEOPLE = (
    ("lead", "Lea Brandt", (4, 4, 4)),
    ("senior", "Sena Costa", (3, 3, 3)),
    ("associate", "Ari Novak", (2, 2, 2)),
    ("junior", "Juna Park", (1, 1, 1)),
    ("crossing", "Cam Osei", (1, 3, 2)),
)
TEAMS = (("storefront", "Storefront"), ("platform", "Platform"))
STEPS = "associate, wait 2 min\nsenior, wait 5 min\nlead, wait 15 min"


def tick(now: datetime) -> int:
    """Bring the example in, once, when it is wanted and its processes have a place."""
    if not example.shown() or Person.objects.filter(example=True).exists():
        return 0
    try:
        ports = Place.under(Path(settings.DATA)).ports()
    except NotRunning:
        return 0
    _files()
    with transaction.atomic():
        lead = _people()
        _catalogue(lead)
        for text in (*library.runbooks(ports).values(), *library.procedures(ports).values()):
            publish.perform(lead, House.get(), text=text)
        _paging(lead)
        seed.bring_in()
    return 1


def _files() -> None:
    """The files that an operator would write: what to scrape, what fires, what may be run."""
    data = Path(settings.DATA)
    for rules in library.RULES.glob("*.yml"):
        shutil.copy(rules, Path(settings.RULES) / f"example-{rules.name}")
    _add(
        Path(settings.SCRAPE_CONFIG), "scrape_configs",
        [{
            "job_name": "example",
            "scrape_interval": "5s",
            "scrape_timeout": "4s",
            "file_sd_configs": [{"files": [str(Place.under(data).targets)]}],
        }],
    )  # fmt: skip
    allowed = {control.NAME: {"argv": control.command(data), "timeout": "30s"}}
    _add(Path(settings.COMMANDS), "commands", allowed)


def _add(path: Path, key: str, more: Any) -> None:
    """Add to a list or mapping of a YAML file what is not in it yet."""
    content = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    had = content.get(key) or type(more)()
    if isinstance(more, dict):
        content[key] = {**had, **more}
    else:
        names = {entry.get("job_name") for entry in had}
        content[key] = [*had, *(entry for entry in more if entry["job_name"] not in names)]
    note = "# The example system was added to this file by `watchbill serve --demo`.\n"
    files.replace(path, note + yaml.safe_dump(content, sort_keys=False))


def _people() -> Person:
    house = House.get()
    for username, name, levels in PEOPLE:
        person = Person(username=username, name=name, example=True, is_owner=username == "lead")
        person.set_unusable_password()
        person.save()
        lead = Person.objects.get(username="lead")
        for area, level in zip(Area, levels, strict=True):
            place.perform(lead, person, area=area.value, level=level, reason="Example team")
        add_contact.perform(person, person, kind="email", address=f"{username}@shop.example")
    for area in Area:
        set_dial.perform(lead, house, area=area.value, dial="enforce", why="Example team")
    for slug, title in TEAMS:
        add_team.perform(lead, house, slug=slug, name=title)
        team = Team.objects.get(slug=slug)
        for username, _, _ in PEOPLE:
            add_member.perform(lead, team, member=username)
    return lead


def _catalogue(lead: Person) -> None:
    import_file.perform(lead, House.get(), text=library.components())


def _paging(lead: Person) -> None:
    made = make_policy.perform(lead, House.get(), name="Shop", steps=STEPS, rounds=2)
    policy = EscalationPolicy.objects.get(pk=made.came_of_it["ref"].partition(":")[2])
    use_for_rest.perform(lead, policy)
