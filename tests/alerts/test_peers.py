"""Debian's own Prometheus delivers here, and amtool works against this as its Alertmanager."""

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer
from tests.alerts.conftest import FakeTelemetry

from watchbill.acts.models import Entry
from watchbill.alerts import intake
from watchbill.alerts.evaluate import evaluate_due
from watchbill.alerts.load import read_folder
from watchbill.alerts.models import Alert, Change, Silence
from watchbill.lib import clock
from watchbill.people.identify import digest
from watchbill.people.models import House, Person, Token

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed"),
    pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed"),
]
RULES = """groups:
- name: g
  rules:
  - alert: Flap
    expr: vector(1) > 0
    labels: {severity: critical, host: db-1}
    annotations: {summary: 'v={{ $value }}'}
"""


@pytest.fixture
def sam(real_commits: None, make_person: Callable[..., Person]) -> Iterator[Person]:
    """An L3, committed, with a personal token and one for his Prometheus."""
    House.get()
    sam = make_person("sam", 3)
    Token.objects.create(kind="personal", person=sam, name="laptop", sha256=digest("sams-secret"))
    Token.objects.create(
        kind="source", person=sam, name="prometheus", sha256=digest("source-secret"),
        scopes=["alerts"],
    )  # fmt: skip
    yield sam
    intake.WRITER.close()


@pytest.fixture
def prometheus(
    live_server: LiveServer, sam: Person, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Prometheus with one rule that fires, pointed at this Watchbill."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "prometheus.yml").write_text(
        "global: {evaluation_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        "alerting:\n  alertmanagers:\n  - path_prefix: /alertmanager\n"
        "    authorization: {credentials: source-secret}\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{live_server.thread.port}']}}]\n"
    )
    process = subprocess.Popen(
        [
            "prometheus", f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn", "--rules.alert.resend-delay=1s",
        ]
    )  # fmt: skip
    yield process
    process.terminate()
    process.wait(20)


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.fixture
def amtool(live_server: LiveServer, tmp_path: Path) -> Callable[..., Any]:
    """`amtool("alert", "query", secret=…)`: what the real program prints, as JSON if it is."""

    def run(*words: str, secret: str = "sams-secret") -> Any:
        config = tmp_path / f"{secret}.yml"
        config.write_text(f"authorization: {{credentials: {secret}}}\n")
        done = subprocess.run(
            ["amtool", f"--alertmanager.url={live_server.url}/alertmanager",
             f"--http.config.file={config}", *words],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ChildProcessError(done.stderr)
        return json.loads(done.stdout) if "json" in words else done.stdout.strip()

    return run


def test_firing_and_resolved_arrive_and_amtool_sees_them(
    prometheus: subprocess.Popen[bytes], amtool: Callable[..., Any], tmp_path: Path
) -> None:
    until(lambda: Alert.objects.filter(state="firing").exists())
    alert = Alert.objects.get()
    assert (alert.name, alert.severity, alert.summary) == ("Flap", "critical", "v=1")
    assert str(alert.token) == "prometheus"
    (listed,) = amtool("alert", "query", "-o", "json", secret="source-secret")
    assert listed["labels"] == {"alertname": "Flap", "host": "db-1", "severity": "critical"}
    assert "Flap" in amtool("alert", "query", 'host=~"db-.*"')
    assert "Flap" not in amtool("alert", "query", "host=web-1")
    (tmp_path / "rules.yml").write_text(RULES.replace("> 0", "< 0"))
    prometheus.send_signal(signal.SIGHUP)  # it reads its rules anew
    until(lambda: Alert.objects.filter(state="resolved").exists())
    assert [c.after for c in Change.objects.order_by("id")] == ["firing", "resolved"]
    assert amtool("alert", "query", "-o", "json") == []


def test_amtool_silences_by_an_act_of_its_person(
    live_server: LiveServer, sam: Person, amtool: Callable[..., Any]
) -> None:
    amtool("alert", "add", "alertname=foo", "node=bar", secret="source-secret")
    name = amtool("silence", "add", "alertname=foo", "--comment=work", "--duration=1h")
    entry = Entry.objects.get(kind="alerts.silence")
    assert (entry.by, entry.via) == (sam, "rest")
    (listed,) = amtool("silence", "query", "-o", "json")
    assert (listed["id"], listed["comment"]) == (name, "work")
    assert amtool("alert", "query", "-o", "json") == []
    assert len(amtool("alert", "query", "--silenced", "-o", "json")) == 1
    amtool("silence", "expire", name)
    assert len(amtool("alert", "query", "-o", "json")) == 1
    with pytest.raises(ChildProcessError):
        amtool("silence", "add", "alertname=x", "--comment=x", secret="source-secret")
    assert Silence.objects.count() == 1
    assert "receiver: watchbill" in amtool("config", "show")


def form(value: Any) -> Any:
    """What a JSON value is made of: its names, and whether it holds texts, numbers or lists."""
    if isinstance(value, dict):
        return {name: form(one) for name, one in value.items()}
    if isinstance(value, list):
        return [form(value[0])] if value else []
    return float if isinstance(value, int | float) else type(value)


@pytest.mark.parametrize("path", ["rules", "alerts"])
def test_rules_and_alerts_have_the_form_that_prometheus_gives_them(
    prometheus: subprocess.Popen[bytes],
    live_server: LiveServer,
    telemetry: FakeTelemetry,
    tmp_path: Path,
    path: str,
) -> None:
    telemetry.says({})
    read_folder(clock.now(), telemetry, tmp_path)
    evaluate_due(clock.now() + timedelta(minutes=1), telemetry)
    listen = next(word for word in prometheus.args if "listen-address" in word)
    theirs = f"http://{listen.partition('=')[2]}/api/v1/{path}"

    def says(url: str) -> Any:
        headers = {"Authorization": "Bearer sams-secret"}
        return httpx.get(url, headers=headers, trust_env=False).raise_for_status().json()

    until(lambda: Alert.objects.filter(token__name="prometheus").exists())
    ours = says(f"{live_server.url}/telemetry/api/v1/{path}")
    assert form(ours) == form(says(theirs))
    (wanted,), (found,) = (
        [a for g in one["data"].get("groups", [one["data"]])
         for r in g.get("rules", [g]) for a in r["alerts"]]
        for one in (says(theirs), ours)
    )  # fmt: skip
    for name in ("labels", "annotations", "state", "value"):
        assert found[name] == wanted[name]
