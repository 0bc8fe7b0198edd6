"""What is done about people: accounts, teams, placement, contact methods, tokens, the dial."""

import base64
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import models

from watchbill.acts import erase
from watchbill.acts.given import CannotBeDone, Field, Long, Personal, Secret, seal
from watchbill.acts.kinds import Outcome, act
from watchbill.lib import clock
from watchbill.lib.levels import LEVEL_TITLES, LEVELS, Area, Tier
from watchbill.people.identify import digest
from watchbill.people.models import ContactMethod, House, Person, Standing, Team, Token
from watchbill.people.subject import Subject

AreaName = Annotated[str, Field(choices=lambda on: [(a.value, a.title) for a in Area])]
LevelNumber = Annotated[
    int, Field(choices=lambda on: [(str(n), f"L{n} {t}") for n, t in LEVEL_TITLES.items()])
]
Scope = Literal["alerts", "write", "query"]
EVERYWHERE = Area.INCIDENT_RESPONSE  # administration belongs to no area; the owner's flag decides


def _own(subject: Subject, person: Person) -> bool:
    return getattr(subject, "person", subject) == person


def _checked(name: str, field: str, check: Callable[[str], object], value: str) -> None:
    try:
        check(value)
    except ValidationError as error:
        raise CannotBeDone(f"{name}: {' '.join(error.messages)}", field=field) from None


@act("administer", area=EVERYWHERE, says="added {name} as {username}", title="Add a person")
def add_person(
    house: House,
    by: Person,
    *,
    username: str,
    name: str,
    password: Secret,
    email: Personal = "",
) -> Outcome:
    """Give somebody an account. They start at L1 in every area until they are placed."""
    _checked("User name", "username", validate_slug, username)
    if Person.objects.filter(username__iexact=username).exists():
        raise CannotBeDone("This user name is taken.", field="username")
    if email:
        _checked("Email", "email", validate_email, email)
    person = Person(username=username.lower(), name=name.strip(), email=email)
    _checked("Password", "password", lambda text: validate_password(text, person), password)
    person.set_password(password)
    person.save()
    return {"ref": person.ref, "url": f"/people/{person.username}"}


@act("administer", area=EVERYWHERE, says="closed the account of {on}", title="Close this account")
def close_account(person: Person, by: Person, *, why: Long) -> Outcome:
    """End somebody's access. What they did stays; so do tokens of sources, until revoked."""
    if person == by:
        raise CannotBeDone("You cannot close your own account.", hint="Another owner can.")
    person.is_active = False
    person.save(update_fields=["is_active"])
    own = person.tokens.filter(kind=Token.Kind.PERSONAL, revoked_at=None)
    own.update(revoked_at=clock.now())
    return {}


@act(
    "place",
    area=lambda person, given: given.get("area", EVERYWHERE),
    tier=Tier.ROUTINE,
    says="placed {on} at L{level} in {area}",
    title="Place",
)
def place(
    person: Person, by: Person, *, area: AreaName, level: LevelNumber, reason: Long
) -> Outcome:
    """Say at which level somebody stands in an area, and why. It decides what they may do."""
    if area not in {a.value for a in Area}:
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(Area))
    if level not in LEVELS:
        raise CannotBeDone("A level is 1 to 4.", field="level")
    if person.automation:
        raise CannotBeDone("An automation holds no level.")
    if not reason.strip():
        raise CannotBeDone("A placement needs a reason.", field="reason")
    Standing.objects.create(
        person=person, area=area, level=level, reason=reason[:500], placed_by=by
    )
    return {"from": person.level(area)}


@act("administer", area=EVERYWHERE, says="added the team {name}", title="Add a team")
def add_team(house: House, by: Person, *, slug: str, name: str) -> Outcome:
    """A team owns components together."""
    _checked("Short name", "slug", validate_slug, slug)
    if Team.objects.filter(slug=slug).exists():
        raise CannotBeDone("There is a team of this short name.", field="slug")
    return {"ref": Team.objects.create(slug=slug, name=name).ref}


def _not_in(team: Team) -> list[tuple[str, str]]:
    others = Person.objects.humans().exclude(teams=team)
    return [(person.username, str(person)) for person in others]


@act("administer", area=EVERYWHERE, says="added {member} to {on}", title="Add a member")
def add_member(
    team: Team, by: Person, *, member: Annotated[str, Field(choices=_not_in)]
) -> Outcome:
    """Put somebody into a team."""
    team.members.add(_person(member, "member"))
    return {}


@act("administer", area=EVERYWHERE, says="took {member} out of {on}", title="Remove a member")
def remove_member(
    team: Team,
    by: Person,
    *,
    member: Annotated[
        str, Field(choices=lambda t: [(p.username, str(p)) for p in t.members.all()])
    ],
) -> Outcome:
    """Take somebody out of a team."""
    team.members.remove(_person(member, "member"))
    return {}


@act("own", area=EVERYWHERE, own=_own, says="changed their password", title="Change password")
def change_password(person: Person, by: Person, *, password: Secret) -> Outcome:
    """Set a new password. You sign in again with it everywhere."""
    _checked("Password", "password", lambda text: validate_password(text, person), password)
    person.set_password(password)
    person.save(update_fields=["password"])
    return {"url": "/sign-in"}


@act("own", area=EVERYWHERE, own=_own, says="changed their profile", title="Edit profile")
def edit_profile(
    person: Person, by: Person, *, name: str = "", email: Personal = "", zone: str = ""
) -> Outcome:
    """Your name, email and time zone, such as Europe/Berlin. What is left empty stays."""
    if zone and zone not in available_timezones():
        raise CannotBeDone("There is no such time zone.", field="zone", hint="Europe/Berlin")
    if email:
        _checked("Email", "email", validate_email, email)
    person.name, person.email = name or person.name, email or person.email
    person.zone = zone or person.zone
    person.save(update_fields=["name", "email", "zone"])
    return {}


@act("own", area=EVERYWHERE, own=_own, says="added a way to reach them", title="Add a contact")
def add_contact(
    person: Person, by: Person, *, kind: Literal["email", "webhook"], address: Personal
) -> Outcome:
    """Where pages reach you. A webhook is signed; its secret is shown once."""
    secret = ""
    if kind == "email":
        _checked("Email", "address", validate_email, address)
    else:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise CannotBeDone("A webhook is an http or https URL.", field="address")
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    last = person.contact_methods.aggregate(last=models.Max("order"))["last"] or 0
    method = ContactMethod.objects.create(
        person=person, kind=kind, address=address, order=last + 1,
        signing_secret=seal(secret) if secret else "",
    )  # fmt: skip
    return {"contact": method.pk, **({"_signing secret": secret} if secret else {})}


@act("own", area=EVERYWHERE, own=_own, says="removed a way to reach them", title="Remove")
def remove_contact(method: ContactMethod, by: Person) -> Outcome:
    """Stop using this address; it is erased."""
    method.removed_at = clock.now()
    method.address = method.signing_secret = ""
    method.save(update_fields=["removed_at", "address", "signing_secret"])
    erase.personal("accounts.add_contact", method.person, contact=method.pk)
    return {}


@act("own", area=EVERYWHERE, own=_own, says="made the token {name}", title="Make a token")
def make_token(person: Person, by: Person, *, name: str, days: int = 90) -> Outcome:
    """A personal token acts as you, for the command line and scripts. It is shown once."""
    return _new_token(person, Token.Kind.PERSONAL, name, days, [])


@act("administer", area=EVERYWHERE, says="made the source token {name}", title="Add a source")
def add_source(
    house: House, by: Person, *, name: str, scopes: list[Scope], days: int = 0
) -> Outcome:
    """A token for a machine that sends alerts or metrics or asks queries. It is shown once."""
    if not scopes:
        raise CannotBeDone("Say what it may do.", field="scopes", hint="alerts, write, query")
    return _new_token(by, Token.Kind.SOURCE, name, days, list(scopes))


@act(
    "own",
    area=EVERYWHERE,
    own=lambda token, person: token.person_id == person.pk or person.is_owner,
    says="revoked the token {on}",
    title="Revoke",
)
def revoke_token(token: Token, by: Person) -> Outcome:
    """End a token at once."""
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    return {}


@act(
    "standard",
    area=lambda house, given: given.get("area", EVERYWHERE),
    tier=Tier.ROUTINE,
    strict=True,
    says="set the dial of {area} to {dial}",
    title="Set the dial",
)
def set_dial(
    house: House,
    by: Person,
    *,
    area: AreaName,
    dial: Literal["advise", "ask", "enforce"],
    why: Long,
) -> Outcome:
    """How strictly authority is enforced in an area: advise, ask or enforce."""
    if area not in {a.value for a in Area}:
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(Area))
    was = house.dial(area)
    house.dials = {**house.dials, area: dial}
    house.save(update_fields=["dials"])
    return {"was": was.value}


def _new_token(
    person: Person, kind: Token.Kind, name: str, days: int, scopes: list[str]
) -> Outcome:
    longest = 365 if kind is Token.Kind.PERSONAL else 3650
    if not (1 <= days <= longest or (days == 0 and kind is Token.Kind.SOURCE)):
        raise CannotBeDone(f"1 to {longest} days.", field="days")
    secret = ("wb_" if kind is Token.Kind.PERSONAL else "wbs_") + secrets.token_urlsafe(32)
    token = Token.objects.create(
        kind=kind, person=person, name=name, sha256=digest(secret), scopes=scopes,
        expires_at=clock.now() + timedelta(days=days) if days else None,
    )  # fmt: skip
    return {"ref": token.ref, "_token": secret}


def _person(username: str, field: str) -> Person:
    person = Person.objects.humans().filter(username__iexact=username).first()
    if person is None:
        raise CannotBeDone(f"There is nobody called {username!r}.", field=field)
    return person
