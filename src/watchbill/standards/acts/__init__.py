"""What people do with standards: write them, put them in force, live with them, learn them."""

from watchbill.standards.acts.keeping import confirm_effect, exempt, read_measure
from watchbill.standards.acts.learning import accept_report, hold_session
from watchbill.standards.acts.writing import (
    add_check,
    automate_step,
    draft_version,
    drop_check,
    put_in_force,
    start_standard,
)

__all__ = [
    "accept_report",
    "add_check",
    "automate_step",
    "confirm_effect",
    "draft_version",
    "drop_check",
    "exempt",
    "hold_session",
    "put_in_force",
    "read_measure",
    "start_standard",
]
