"""What accounts do without a person."""

from datetime import datetime

from django.contrib.sessions.backends.db import SessionStore

from watchbill.accounts import tokens
from watchbill.acts import erase
from watchbill.lib.ticks import Tick
from watchbill.web import live


def sweep(now: datetime) -> int:
    """Drop what is over: news that every page has seen, secrets of unanswered asks, sessions."""
    live.sweep()
    erase.unused_secrets()
    SessionStore.clear_expired()
    return 0


TICKS = [
    Tick("tell telemetry its tokens", tokens.tick, every=2, lane="upkeep"),
    Tick("sweep what is over", sweep, every=300, lane="upkeep"),
]
