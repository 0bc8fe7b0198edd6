"""What people do with standing seats: taking and passing them on, watching, appointing."""

from watchbill.seats.acts.holding import (
    accept_handover,
    accept_seat,
    assign,
    end_seat,
    hand_over,
    look_back_on_caretaker,
    take_care,
)
from watchbill.seats.acts.oversight import appoint, name_deputy
from watchbill.seats.acts.watching import join_watch, log, stand_by, take_watch

__all__ = [
    "accept_handover",
    "accept_seat",
    "appoint",
    "assign",
    "end_seat",
    "hand_over",
    "join_watch",
    "log",
    "look_back_on_caretaker",
    "name_deputy",
    "stand_by",
    "take_care",
    "take_watch",
]
