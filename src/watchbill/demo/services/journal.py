"""One JSON object per line, to a file of bounded size and to standard output."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from watchbill.lib import clock

LIMIT = 4_000_000  # bytes; the file before is kept beside it as NAME.jsonl.1


class Journal:
    """What a service writes about its work. Safe to use from several threads."""

    def __init__(self, path: Path, service: str, version: str) -> None:
        self._path = path
        self._head = {"service": service, "version": version}
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def info(self, message: str, **fields: Any) -> None:
        self._write("info", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        self._write("warning", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        time = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps(
            {"time": time, "level": level, "message": message, **self._head, **fields}
        )
        with self._lock:
            if self._file.tell() > LIMIT:
                self._turn_over()
            self._file.write(line + "\n")
            self._file.flush()
            sys.stdout.write(line + "\n")

    def _turn_over(self) -> None:
        self._file.close()
        os.replace(self._path, self._path.with_name(self._path.name + ".1"))
        self._file = self._path.open("a", encoding="utf-8")
