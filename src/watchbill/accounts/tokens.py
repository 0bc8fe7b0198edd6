"""Tells the telemetry process whose tokens it may trust: a file of hashes, replaced atomically."""

import json
from datetime import datetime
from pathlib import Path

from django.conf import settings

from watchbill.lib import files
from watchbill.people.identify import digest
from watchbill.people.models import Token

ALL = ["query", "write"]


def tick(now: datetime) -> int:
    """Write `tokens.json` when it does not say what the table says; 1 when it did not."""
    own = settings.TELEMETRY_TOKEN
    trusted = [{"sha256": digest(own), "scopes": ALL}] if own else []
    for token in Token.objects.filter(kind=Token.Kind.SOURCE, revoked_at=None).order_by("id"):
        scopes = [scope for scope in token.scopes if scope in ALL]
        if scopes and token.live(now):
            trusted.append({"sha256": token.sha256, "scopes": scopes})
    text = json.dumps({"tokens": trusted}, indent=1) + "\n"
    path = Path(settings.DATA) / "tokens.json"
    if path.exists() and path.read_text() == text:
        return 0
    files.replace(path, text)
    return 1
