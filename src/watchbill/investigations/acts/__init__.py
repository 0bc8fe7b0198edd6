"""What people do to find out why, one module for each kind of thing."""

from watchbill.investigations.acts.analyses import (
    accept_analysis,
    publish_analysis,
    publish_pattern,
    return_analysis,
)
from watchbill.investigations.acts.course import (
    close,
    confirm_reading,
    lead_as_complex,
    open_investigation,
    reopen,
    take_on,
)
from watchbill.investigations.acts.findings import add_finding, attach_finding, judge_finding
from watchbill.investigations.acts.hypotheses import (
    propose,
    settle_hypothesis,
    take_hypothesis,
    test_hypothesis,
)
from watchbill.investigations.acts.oversight import oversee_analysis, take_note
from watchbill.investigations.acts.parts import (
    add_part,
    drop_part,
    finish_part,
    leave_step,
    publish_protocol,
    take_part,
    tick_step,
)
from watchbill.investigations.acts.settling import confirm_settled, settle_with

__all__ = [
    "accept_analysis",
    "add_finding",
    "add_part",
    "attach_finding",
    "close",
    "confirm_reading",
    "confirm_settled",
    "drop_part",
    "finish_part",
    "judge_finding",
    "lead_as_complex",
    "leave_step",
    "open_investigation",
    "oversee_analysis",
    "propose",
    "publish_analysis",
    "publish_pattern",
    "publish_protocol",
    "reopen",
    "return_analysis",
    "settle_hypothesis",
    "settle_with",
    "take_hypothesis",
    "take_note",
    "take_on",
    "take_part",
    "test_hypothesis",
    "tick_step",
]
