"""What people do to learn together, one module for each kind of thing."""

from watchbill.practice.acts.debriefs import debrief
from watchbill.practice.acts.improvements import (
    accept_improvement,
    complete_improvement,
    decline_improvement,
    link_change,
    propose_improvement,
)
from watchbill.practice.acts.reviews import add_entry, answer_entry, open_review, publish_review

__all__ = [
    "accept_improvement",
    "add_entry",
    "answer_entry",
    "complete_improvement",
    "debrief",
    "decline_improvement",
    "link_change",
    "open_review",
    "propose_improvement",
    "publish_review",
]
