"""Log lines are whole, parse as what they claim to be, and tell no secrets."""

import json
import logging
import sys

import pytest

from watchbill.lib import logs


def record(
    message: str, *arguments: object, error: BaseException | None = None
) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("watchbill.x", logging.WARNING, __file__, 1, message, arguments, info)


def test_a_json_line_is_one_object_on_one_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        line = logs.JsonLines("web").format(record("said %s", "hi\nthere", error=error))
    assert "\n" not in line
    said = json.loads(line)
    assert said["process"] == "web"
    assert said["level"] == "warning"
    assert said["message"] == "said hi\nthere"
    assert "ValueError: two\nlines" in said["error"]


def test_a_text_line_says_when_who_and_what() -> None:
    line = logs.TextLines("work").format(record("done"))
    assert line.endswith(" work warning watchbill.x: done")
    assert line[23] == "Z"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2",
        "GenieKey hunter2",
        "postgresql://wb:hunter2@db/x",
        "GET /first-run?key=hunter2&x=1",
        "password=hunter2",
    ],
)
@pytest.mark.parametrize("form", [logs.TextLines, logs.JsonLines])
def test_secrets_are_not_written(form: type[logging.Formatter], text: str) -> None:
    assert "hunter2" not in form("web").format(record(text))
    assert "***" in form("web").format(record(text))


def test_an_address_is_no_secret() -> None:
    assert "http://127.0.0.1:8420/x" in logs.without_secrets("at http://127.0.0.1:8420/x")


def test_setting_up_twice_writes_a_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.set_up("web")
        logs.set_up("web")
        logging.getLogger("watchbill.x").warning("once")
        logging.getLogger("uvicorn.access").error("an access line")
        sys.stderr.flush()
        assert capsys.readouterr().err.count("once") == 1
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_what_others_sent_forges_no_line() -> None:
    sent = "up\n2026-03-01T08:15:00.123Z web error watchbill.people: forged \x1b[2J é"
    line = logs.TextLines("telemetry").format(record("slow query: %s", sent))
    assert "slow query: up\\n2026" in line
    assert "forged \\x1b[2J é" in line
    assert line.isprintable()
