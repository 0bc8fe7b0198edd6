"""What people do with changes, one module for each stretch of the way."""

from watchbill.maintenance.acts.carrying import (
    back_out,
    complete_change,
    confirm_change,
    start_change,
)
from watchbill.maintenance.acts.documents import accept_document, document
from watchbill.maintenance.acts.parts import (
    accept_part,
    add_part,
    carry_out_part,
    drop_part,
    finish_part,
    note_on_part,
    return_part,
    take_part,
)
from watchbill.maintenance.acts.planning import (
    approve_change,
    leave_lead_of_change,
    plan_change,
    revise_plan,
    take_lead_of_change,
)
from watchbill.maintenance.acts.reports import acknowledge_report, record_progress

__all__ = [
    "accept_document",
    "accept_part",
    "acknowledge_report",
    "add_part",
    "approve_change",
    "back_out",
    "carry_out_part",
    "complete_change",
    "confirm_change",
    "document",
    "drop_part",
    "finish_part",
    "leave_lead_of_change",
    "note_on_part",
    "plan_change",
    "record_progress",
    "return_part",
    "revise_plan",
    "start_change",
    "take_lead_of_change",
    "take_part",
]
