"""The app on other engines, both from Debian: Prometheus, and VictoriaMetrics with a password.

Rules fire, panels and pages answer, and what the engine lacks is shown.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.processes.installation import Installation, free_port, until

pytestmark = [pytest.mark.server, pytest.mark.peer]

RULES = """groups:
- name: engines
  interval: 1s
  rules:
  - {alert: SelfScraped, expr: 'up{job="self"} == 1', labels: {severity: page}}
  - {alert: NeverTrue, expr: 'up{job="self"} == 7'}
"""
WRONG = "groups: [{name: wrong, rules: [{alert: Wrong, expr: 'up{'}]}]\n"


def started(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file)


@pytest.fixture(params=["prometheus", "victoria-metrics"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Its name, and the settings that lead to it. It scrapes itself every second."""
    program = shutil.which(request.param)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    address, config = f"127.0.0.1:{free_port()}", tmp_path / "engine.yml"
    often = ", refresh_interval: 1s" if request.param == "prometheus" else ""
    lock = "" if request.param == "prometheus" else "  basic_auth: {username: u, password: pw}\n"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n- job_name: self\n"
        f"{lock}  static_configs: [{{targets: ['{address}']}}]\n"
        "- job_name: example\n"
        f"  file_sd_configs: [{{files: ['{tmp_path}/data/example/targets.json']{often}}}]\n"
    )
    settings = {"WATCHBILL_TELEMETRY_URL": f"http://{address}"}
    if request.param == "prometheus":
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                   f"--web.listen-address={address}"]  # fmt: skip
    else:
        command = [program, f"-promscrape.config={config}", f"-httpListenAddr={address}",
                   f"-storageDataPath={tmp_path / 'vm'}", "-search.latencyOffset=2s",
                   "-promscrape.fileSDCheckInterval=1s",
                   "-httpAuth.username=u", "-httpAuth.password=pw"]  # fmt: skip
        settings |= {"WATCHBILL_TELEMETRY_USER": "u", "WATCHBILL_TELEMETRY_PASSWORD": "pw"}
    process = started(command, tmp_path / "engine.log")
    yield request.param, settings
    process.terminate()
    process.wait(20)


def test_the_app_works_the_same_on_another_engine(
    engine: tuple[str, dict[str, str]], installation: Installation
) -> None:
    name, installation.more = engine
    installation.data.mkdir(mode=0o700)
    (installation.data / "rules").mkdir()
    (installation.data / "rules" / "engines.yml").write_text(RULES)
    (installation.data / "rules" / "wrong.yml").write_text(WRONG)
    installation.serve()
    assert set(installation.state()) == {"web", "work"}
    with installation.signed_in() as browser:
        until("the rule fires", lambda: firing(browser) == ["SelfScraped"], 60)
        a_panel_answers(browser)
        the_pages_answer(browser, name)
        mistakes_are_told(browser, name)


def ask(browser: httpx.Client, path: str, **given: Any) -> Any:
    answer = browser.get(f"/telemetry/api/v1/{path}", params=given)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def firing(browser: httpx.Client) -> list[str]:
    alerts = ask(browser, "alerts")["alerts"]
    return [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"]


def a_panel_answers(browser: httpx.Client) -> None:
    def panel() -> list[dict[str, Any]]:
        now = time.time()
        span = {"start": now - 60, "end": now - 3, "step": 5}
        asked = 'sum by (job) (up{job="self"})'
        found: list[dict[str, Any]] = ask(browser, "query_range", query=asked, **span)["result"]
        return found

    # The rule may fire in the second of the first scrape, before a step of the panel.
    until("the panel shows a series", panel, 15)
    (series,) = panel()
    assert series["metric"] == {"job": "self"}
    assert {value for _, value in series["values"]} == {"1"}
    assert "up" in ask(browser, "label/__name__/values")


def the_pages_answer(browser: httpx.Client, name: str) -> None:
    def page(path: str) -> str:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "Telemetry is away" not in answer.text
        return answer.text

    assert "1 series now" in page('/monitoring/explore/?query=up{job="self"}')
    assert "All 1 source answers" in page("/monitoring/sources/")
    assert "No machine is measured yet" in page("/monitoring/hosts/")
    assert "send metrics there" in page("/settings/sources")
    assert "what it can" in page("/settings/health")
    engine = page("/monitoring/engine/")
    assert "steps and standards that count log lines stay unknown" in engine
    if name == "prometheus":
        assert "Prometheus answers." in engine
        assert "version 2.42.0" in engine
        assert "--web.enable-remote-write-receiver" in engine
        assert "--enable-feature=native-histograms" in engine
        assert "query_log_file" in engine
    else:
        assert "VictoriaMetrics answers." in engine
        assert "the last 2s" in engine
        assert "Slowest queries" in engine


def mistakes_are_told(browser: httpx.Client, name: str) -> None:
    answer = browser.get("/monitoring/explore/", params={"query": "up{"})
    assert answer.status_code == 422
    assert ("parse error" if name == "prometheus" else "unparsed data") in answer.text
    rules = "/monitoring/rules/"
    until("the file with a mistake is refused", lambda: "alert Wrong" in browser.get(rules).text)


def test_a_wrong_password_is_told_and_pages(
    engine: tuple[str, dict[str, str]], installation: Installation
) -> None:
    name, settings = engine
    if name == "prometheus":
        pytest.skip("this one is open")
    installation.more = {**settings, "WATCHBILL_TELEMETRY_PASSWORD": "wrong"}
    installation.serve()
    with installation.signed_in() as browser:
        text = browser.get("/monitoring/sources/").text
        assert "telemetry refused the credential (401)" in text
        assert "WATCHBILL_TELEMETRY_USER" in text


def test_the_example_can_be_watched_by_another_engine(
    engine: tuple[str, dict[str, str]], installation: Installation
) -> None:
    _, installation.more = engine
    installation.serve("--demo")
    assert set(installation.state()) == {"web", "work", "demo"}
    with httpx.Client(base_url=f"http://127.0.0.1:{installation.web}") as browser:
        until("the team is there", lambda: "as/junior" in browser.get("/sign-in").text, 60)
        csrf = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in").text)
        assert csrf
        browser.post("/sign-in/as/junior", data={"csrfmiddlewaretoken": csrf[1]})

        def up() -> set[str]:
            found = ask(browser, "query", query='up{job="example"} == 1')["result"]
            return {row["metric"]["service"] for row in found}

        until("the shop is scraped", lambda: len(up()) == 3, 60)
        groups = ask(browser, "rules")["groups"]
        assert any(group["rules"] for group in groups)
        until(
            "its rules are evaluated",
            lambda: (
                {r["health"] for g in ask(browser, "rules")["groups"] for r in g["rules"]} == {"ok"}
            ),
            30,
        )
