"""What an operator can get wrong is answered with a sentence and an exit status."""

import pytest
from tests.processes.installation import Installation


@pytest.mark.parametrize("command", ["serve", "web", "work", "telemetry", "migrate", "settings"])
def test_an_unknown_setting_is_an_error(installation: Installation, command: str) -> None:
    refused = installation.command(command, WATCHBILL_LISEN="127.0.0.1:1")
    assert refused.returncode == 2
    assert "WATCHBILL_LISEN is not a setting" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WATCHBILL_LISTEN", "8420", "expected HOST:PORT"),
        ("WATCHBILL_WEB_THREADS", "0", "at least 1"),
        ("WATCHBILL_LOG_FORMAT", "xml", "expected one of text, json"),
        ("WATCHBILL_LIFELINE", "x", "whole number"),
        ("WATCHBILL_TELEMETRY_URL", "http://ada:hidden@h:9090", "setting of its own"),
        ("DATABASE_URL", "mysql://x/y", "postgresql"),
        ("DATABASE_URL", "postgresql://x:y@h:no/d", "Port"),
    ],
)
def test_a_bad_value_is_an_error(
    installation: Installation, name: str, value: str, says: str
) -> None:
    refused = installation.command("serve", **{name: value})
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"watchbill: {name}")
    assert says in refused.stderr
    assert "hidden" not in refused.stderr


def test_a_data_folder_that_cannot_be_made_is_an_error(installation: Installation) -> None:
    installation.data.write_text("a file, not a folder")
    refused = installation.command("serve")
    assert refused.returncode == 1
    assert str(installation.data) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_shows_values_but_no_secrets(installation: Installation) -> None:
    shown = installation.command("settings", WATCHBILL_TELEMETRY_TOKEN="abracadabra").stdout
    assert f"WATCHBILL_LISTEN=127.0.0.1:{installation.web}" in shown
    assert "WATCHBILL_TELEMETRY_TOKEN=(set)" in shown
    assert "abracadabra" not in shown
