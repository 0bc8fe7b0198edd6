"""What people do to learn together, one module for each kind of thing."""

from watchbill.practice.acts.debriefs import debrief
from watchbill.practice.acts.designs import built_by, record_design, verify_design
from watchbill.practice.acts.improvements import (
    accept_improvement,
    complete_improvement,
    confirm_effect,
    decline_improvement,
    link_change,
    propose_improvement,
    set_measure,
)
from watchbill.practice.acts.initiative import initiate_enhancement, initiate_prevention
from watchbill.practice.acts.pairings import adjust_plan, note_session, start_pairing
from watchbill.practice.acts.reviews import add_entry, answer_entry, open_review, publish_review
from watchbill.practice.acts.standing import (
    add_decision,
    add_gap,
    assign_gap,
    close_gap,
    countersign_review,
    sign_review,
    state_no_gap,
)

__all__ = [
    "accept_improvement",
    "add_decision",
    "add_entry",
    "add_gap",
    "adjust_plan",
    "answer_entry",
    "assign_gap",
    "built_by",
    "close_gap",
    "complete_improvement",
    "confirm_effect",
    "countersign_review",
    "debrief",
    "decline_improvement",
    "initiate_enhancement",
    "initiate_prevention",
    "link_change",
    "note_session",
    "open_review",
    "propose_improvement",
    "publish_review",
    "record_design",
    "set_measure",
    "sign_review",
    "start_pairing",
    "state_no_gap",
    "verify_design",
]
