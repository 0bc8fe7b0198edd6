"""The command palette: every place, what the reader may do, and what it finds by name."""

from typing import Any

import pytest
from django.test import Client

from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.runbooks.models import Runbook
from watchbill.web.sections import SECTIONS

pytestmark = pytest.mark.django_db


def found(person: Person) -> dict[str, list[dict[str, Any]]]:
    client = Client()
    client.force_login(person)
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in client.get("/palette.json").json():
        assert set(entry) == {"label", "hint", "url", "group"}
        groups.setdefault(entry["group"], []).append(entry)
    return groups


def labels(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["label"] for entry in entries}


def test_every_place_is_there_and_opens(jun: Person) -> None:
    pages = found(jun)["Pages"]
    assert labels(pages) >= {section.label for section in SECTIONS} | {"Settings", "Glossary"}
    client = Client()
    client.force_login(jun)
    assert {client.get(entry["url"]).status_code for entry in pages} == {200}


def test_what_one_may_not_do_is_not_offered(jun: Person, lea: Person, make_person: Any) -> None:
    everybody, senior = labels(found(jun)["Do"]), labels(found(lea)["Do"])
    assert "Declare an incident" in everybody
    assert "Publish a runbook" in senior - everybody
    owner = make_person("own", 4, owner=True)
    assert "Add a team" in labels(found(owner)["Do"]) - senior


def test_what_is_offered_opens_its_form(lea: Person) -> None:
    client = Client()
    client.force_login(lea)
    for entry in found(lea)["Do"]:
        assert client.get(entry["url"]).status_code == 200, entry["label"]


def test_things_are_found_by_name(checkout: Component, jun: Person, ann: Person) -> None:
    Incident.objects.create(title="Checkout fails", severity="sev2", declared_by=ann)
    Incident.objects.create(title="Long over", severity="sev2", declared_by=ann, state="closed")
    Runbook.objects.create(slug="restart", title="Restart checkout", area=Area.MAINTENANCE)
    Person.objects.create(username="robot", name="Robot", automation=True)
    groups = found(jun)
    assert [(e["label"], e["hint"]) for e in groups["Incidents"]] == [("Checkout fails", "SEV 2")]
    assert labels(groups["Components"]) == {"Checkout"}
    assert labels(groups["Runbooks"]) == {"Restart checkout"}
    assert labels(groups["People"]) == {"Jun", "Ann"}
