"""What people do about the ladder: its documents, other people's lines, their own growth."""

from watchbill.ladder.acts.documents import adopt_ladder, draft_ladder, map_ladder
from watchbill.ladder.acts.growth import ask_for_raise, assess_myself, decline_raise, share_sheet
from watchbill.ladder.acts.judging import (
    answer_contest,
    contest,
    note_judgement,
    return_duty,
    sign_as_owner,
    sign_duty,
    waive_duty,
)

__all__ = [
    "adopt_ladder",
    "answer_contest",
    "ask_for_raise",
    "assess_myself",
    "contest",
    "decline_raise",
    "draft_ladder",
    "map_ladder",
    "note_judgement",
    "return_duty",
    "share_sheet",
    "sign_as_owner",
    "sign_duty",
    "waive_duty",
]
