"""The rules folder: taken over when it changes, refused when wrong, kept when it vanishes."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.alerts.conftest import T0, FakeTelemetry

from watchbill.alerts import health
from watchbill.alerts.load import first_slot, read_folder
from watchbill.alerts.models import Alert, Change, Rule, RuleFile, RuleGroup
from watchbill.prometheus import BadQuery, QueryRefused, TelemetryAway

TEXT = """groups:
- name: web
  interval: 30s
  rules:
  - alert: Errors
    expr: errors > 1
    labels: {severity: critical}
  - alert: Slow
    expr: latency > 1
"""


@pytest.fixture
def folder(tmp_path: Path, db: None) -> Path:
    (tmp_path / "web.yml").write_text(TEXT)
    return tmp_path


def names() -> list[str]:
    return sorted(Rule.objects.filter(in_force=True).values_list("name", flat=True))


def test_a_file_is_taken_over_once(folder: Path, telemetry: FakeTelemetry) -> None:
    assert read_folder(T0, telemetry, folder) == 1
    assert names() == ["Errors", "Slow"]
    assert read_folder(T0, telemetry, folder) == 0
    assert RuleGroup.objects.get().next_at > T0


def test_a_wrong_version_is_refused_and_the_old_one_stays(
    folder: Path, telemetry: FakeTelemetry, settings: Settings
) -> None:
    settings.RULES = folder
    read_folder(T0, telemetry, folder)
    (folder / "web.yml").write_text(TEXT.replace("alert: Slow", "alrt: Slow"))
    read_folder(T0, telemetry, folder)
    file = RuleFile.objects.get()
    assert (file.line, names()) == (8, ["Errors", "Slow"])
    assert "alrt" in file.wrong
    (problem,) = health.problems()
    assert "line 8" in problem.what
    (folder / "web.yml").write_text(TEXT)
    read_folder(T0, telemetry, folder)
    assert RuleFile.objects.get().wrong == ""


def test_an_expression_that_is_not_promql_is_refused(
    folder: Path, telemetry: FakeTelemetry
) -> None:
    telemetry.error = BadQuery("1:3: parse error: unexpected end")
    read_folder(T0, telemetry, folder)
    assert names() == []
    assert "parse error" in RuleFile.objects.get().wrong


def test_an_expression_that_is_too_much_now_is_taken(
    folder: Path, telemetry: FakeTelemetry
) -> None:
    telemetry.error = QueryRefused("too many samples")
    read_folder(T0, telemetry, folder)
    assert names() == ["Errors", "Slow"]


def test_while_telemetry_is_away_files_are_taken_as_they_are(
    folder: Path, telemetry: FakeTelemetry
) -> None:
    telemetry.error = TelemetryAway("away")
    read_folder(T0, telemetry, folder)
    assert names() == ["Errors", "Slow"]


def test_alerts_live_on_when_their_expression_changes_and_end_with_their_rule(
    folder: Path, telemetry: FakeTelemetry
) -> None:
    read_folder(T0, telemetry, folder)
    rule = Rule.objects.get(name="Errors")
    Alert.objects.create(
        fingerprint="f", name="Errors", state="firing", rule=rule, starts_at=T0, labels={}
    )
    (folder / "web.yml").write_text(TEXT.replace("errors > 1", "errors > 2"))
    read_folder(T0, telemetry, folder)
    rule.refresh_from_db()
    assert (rule.expr, Alert.objects.get().state) == ("errors > 2", "firing")
    (folder / "web.yml").write_text(TEXT.replace("alert: Errors", "alert: Failures"))
    read_folder(T0, telemetry, folder)
    assert Alert.objects.get().state == "resolved"
    assert Change.objects.get().after == "resolved"
    assert names() == ["Failures", "Slow"]


def test_a_removed_file_leaves_force_but_a_lost_folder_does_not(
    folder: Path, telemetry: FakeTelemetry
) -> None:
    read_folder(T0, telemetry, folder)
    read_folder(T0, telemetry, folder / "unmounted")
    assert names() == ["Errors", "Slow"]
    (folder / "web.yml").unlink()
    read_folder(T0, telemetry, folder)
    assert names() == []
    (folder / "web.yml").write_text(TEXT)
    read_folder(T0, telemetry, folder)
    assert names() == ["Errors", "Slow"]


def test_two_rules_of_one_name_are_two_rules(folder: Path, telemetry: FakeTelemetry) -> None:
    (folder / "web.yml").write_text(TEXT.replace("alert: Slow", "alert: Errors").replace(
        "    labels: {severity: critical}\n", ""))  # fmt: skip
    read_folder(T0, telemetry, folder)
    assert names() == ["Errors", "Errors"]


def test_recording_rules_are_skipped_aloud(folder: Path, telemetry: FakeTelemetry) -> None:
    (folder / "web.yml").write_text(TEXT + "  - record: job:errors\n    expr: sum(errors)\n")
    read_folder(T0, telemetry, folder)
    assert "job:errors" in RuleFile.objects.get().notice


def test_a_file_that_is_not_text_is_refused(folder: Path, telemetry: FakeTelemetry) -> None:
    (folder / "web.yml").write_bytes(b"\xff\xfe")
    read_folder(T0, telemetry, folder)
    assert "UTF-8" in RuleFile.objects.get().wrong


def test_moments_are_the_same_after_every_restart() -> None:
    slot = first_slot("web.yml;web", 15, T0)
    assert T0 < slot <= T0 + timedelta(seconds=15)
    assert first_slot("web.yml;web", 15, slot) == slot + timedelta(seconds=15)
    assert first_slot("web.yml;web", 15, slot - timedelta(seconds=1)) == slot
