"""What people do in an incident, one module for each kind of thing."""

from watchbill.incidents.acts.board import (
    add_task,
    assign_task,
    finish_task,
    hand_back_task,
    take_task,
)
from watchbill.incidents.acts.course import (
    close,
    mitigate,
    post_update,
    reopen,
    resolve,
    set_severity,
)
from watchbill.incidents.acts.declaring import declare, declare_from_alert
from watchbill.incidents.acts.fixes import (
    apply_fix,
    judge_fix,
    list_workaround,
    withdraw_workaround,
)
from watchbill.incidents.acts.known import link_alert, note
from watchbill.incidents.acts.looking_back import look_back
from watchbill.incidents.acts.record import accept_record, publish_record
from watchbill.incidents.acts.seats import (
    accept_learner,
    accept_seat,
    assign_seat,
    hand_over,
    join_under_instruction,
    leave_seat,
    take_lead,
    take_seat,
)

__all__ = [
    "accept_learner",
    "accept_record",
    "accept_seat",
    "add_task",
    "apply_fix",
    "assign_seat",
    "assign_task",
    "close",
    "declare",
    "declare_from_alert",
    "finish_task",
    "hand_back_task",
    "hand_over",
    "join_under_instruction",
    "judge_fix",
    "leave_seat",
    "link_alert",
    "list_workaround",
    "look_back",
    "mitigate",
    "note",
    "post_update",
    "publish_record",
    "reopen",
    "resolve",
    "set_severity",
    "take_lead",
    "take_seat",
    "take_task",
    "withdraw_workaround",
]
