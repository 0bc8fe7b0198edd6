"""The first visit: a one-time link lets whoever started Watchbill become its owner."""

import hmac
import json
import os
import secrets
import signal
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from watchbill.accounts.acts import place
from watchbill.lib import files
from watchbill.lib.levels import Area
from watchbill.people.models import House, Person


def _file() -> Path:
    return Path(settings.DATA) / "first-run"


def link() -> str:
    """The address that makes the owner, or "" when there is one."""
    if Person.objects.filter(is_owner=True, is_active=True).exists():
        return ""
    try:
        key = _file().read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(32)
        files.replace(_file(), key + "\n")
    return f"{settings.URL}/first-run?key={key}"


def valid(key: str) -> bool:
    """Whether `key` is the one in the link, and there is no owner yet."""
    try:
        kept = _file().read_text().strip()
    except OSError:
        return False
    owned = Person.objects.filter(is_owner=True, is_active=True).exists()
    return bool(kept) and hmac.compare_digest(kept, key) and not owned


def start_example() -> bool:
    """Ask `watchbill serve` to run the example system beside us; False where there is none."""
    try:
        state = json.loads((Path(settings.DATA) / "run" / "supervisor.json").read_text())
        os.kill(int(state["pid"]), signal.SIGHUP)
    except (OSError, ValueError, KeyError):
        return False
    return True


def make_owner(username: str, name: str, password: str, house: str) -> Person:
    """The owner's account, placed as Lead in all areas. Raises ValidationError by field."""
    with transaction.atomic():
        owner = Person(username=username.lower(), name=name, is_owner=True)
        validate_password(password, owner)
        owner.validate_unique()
        owner.set_password(password)
        owner.save()
        home = House.get()
        home.name = house or home.name
        home.save(update_fields=["name"])
        for area in Area:
            place.perform(owner, owner, area=area.value, level=4, reason="Owner at installation")
    _file().unlink(missing_ok=True)
    return owner
