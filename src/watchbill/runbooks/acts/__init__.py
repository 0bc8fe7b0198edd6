"""What people do with runbooks, one module for procedures and one for their runs."""

from watchbill.runbooks.acts.publishing import confirm_version, publish
from watchbill.runbooks.acts.running import (
    advance,
    answer_step,
    halt,
    preview,
    run_step,
    skip_step,
    start_run,
)

__all__ = [
    "advance",
    "answer_step",
    "confirm_version",
    "halt",
    "preview",
    "publish",
    "run_step",
    "skip_step",
    "start_run",
]
