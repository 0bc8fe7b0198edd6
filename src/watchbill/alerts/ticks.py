"""What happens to alerts without a person. Rules have a lane of their own: telemetry may hang."""

from datetime import datetime

from watchbill import prometheus
from watchbill.alerts import evaluate, intake, load, own, trial
from watchbill.lib.ticks import Tick


def read_folder(now: datetime) -> int:
    """See `load.read_folder`."""
    return load.read_folder(now, prometheus.query)


def evaluate_due(now: datetime) -> int:
    """See `evaluate.evaluate_due`."""
    return evaluate.evaluate_due(now, prometheus.query_for_rules)


TICKS = [
    Tick("alerts.read_folder", read_folder, every=2.0, lane="rules"),
    Tick("alerts.evaluate", evaluate_due, every=0.5, lane="rules"),
    Tick("alerts.watch_rules", own.watch_rules, every=5.0, lane="rules"),
    # Trials ask for much: a lane of their own, so that rules in force never wait for one.
    Tick("alerts.try_rules", trial.tick, every=2.0, lane="rule-trials"),
    Tick("alerts.expire", intake.expire, every=2.0, lane="alerts"),
]
