"""What people do about alerts and silences, and about rules."""

from watchbill.alerts.acts.alerts import close, confirm_closed, silence, take, unsilence
from watchbill.alerts.acts.rules import (
    confirm_rule,
    draft_rule,
    put_rule_in_force,
    take_rule_back,
    try_rule,
    write_rule,
)

__all__ = [
    "close",
    "confirm_closed",
    "confirm_rule",
    "draft_rule",
    "put_rule_in_force",
    "silence",
    "take",
    "take_rule_back",
    "try_rule",
    "unsilence",
    "write_rule",
]
