"""Log lines: one per event on standard error, as text for people or as JSON for machines."""

import json
import logging
import re
import sys
from copy import copy

from watchbill.lib import clock

_SECRETS = re.compile(
    r"(?P<before>\bBearer\s+|\bGenieKey\s+|://[^\s:/@]*:(?=[^\s/@]+@)|\b(?:password|secret|token|key)=)"
    r"[^\s@&\"']+",
    re.IGNORECASE,
)

# Other people's loggers that say more than an operator wants to read.
_TAMED = {
    "_granian": logging.WARNING,
    "asyncio": logging.WARNING,
    "django.request": logging.ERROR,
    "django.server": logging.ERROR,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "uvicorn.error": logging.WARNING,
}


def set_up(process: str, *, form: str = "text", level: str = "info") -> None:
    """Send everything this process logs to standard error, once, under the name `process`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process) if form == "json" else TextLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _TAMED.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(least, root.level))


def without_secrets(text: str) -> str:
    """The text with passwords and tokens of the usual forms replaced by `***`."""
    return _SECRETS.sub(r"\g<before>***", text)


def _when() -> str:
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextLines(logging.Formatter):
    """`2026-03-01T08:15:00.123Z web warning watchbill.people: message`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        head = f"{_when()} {self.process} {record.levelname.lower()} {record.name}: "
        return head + without_secrets(super().format(_on_one_line(record)))


def _on_one_line(record: logging.LogRecord) -> logging.LogRecord:
    """The same with its message on one line and without control characters: what others sent
    stands in messages, and must neither forge lines nor steer a terminal."""
    message = record.getMessage()
    if message.isprintable():
        return record
    shown = copy(record)
    shown.msg, shown.args = "".join(map(_printable, message)), None
    return shown


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


class JsonLines(logging.Formatter):
    """The same as one JSON object per line: time, process, level, logger, message, error."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _when(),
            "process": self.process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
