"""What of people can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.lib.levels import Area
from watchbill.people.models import Person, Team


def _person(person: Person) -> dict[str, Any]:
    return {
        "username": person.username,
        "name": person.name,
        "owner": person.is_owner,
        "active": person.is_active,
        "levels": {area.value: person.level(area) for area in Area},
    }


def _team(team: Team) -> dict[str, Any]:
    members = [person.username for person in team.members.all()]
    return {"slug": team.slug, "name": team.name, "members": members}


RESOURCES = [
    Resource("people", Person, _person, lambda: Person.objects.humans().order_by("username")),
    Resource("teams", Team, _team, lambda: Team.objects.prefetch_related("members")),
]
