"""Slows down guessing of passwords: ten wrong ones in a quarter of an hour, then wait."""

from datetime import timedelta

from watchbill.accounts.models import FailedSignIn
from watchbill.lib import clock

MOST, WITHIN = 10, timedelta(minutes=15)


def too_many_failures(username: str) -> bool:
    """Whether this user name must wait."""
    since = clock.now() - WITHIN
    return FailedSignIn.objects.filter(username__iexact=username, at__gt=since).count() >= MOST


def remember_failure(username: str) -> None:
    """A wrong password was given for `username`; old ones are forgotten."""
    FailedSignIn.objects.create(username=username[:40])
    FailedSignIn.objects.filter(at__lt=clock.now() - timedelta(days=1)).delete()
