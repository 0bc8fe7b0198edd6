"""The folder that the example's processes share: `DATA/example`.

ports.json     {"checkout": 18431, …, "supervisor": 18434}, fixed from the first start on
targets.json   the services as Prometheus file discovery wants them
token          bearer token of every admin endpoint, readable by the owner only
pids/NAME.pid  process ids
logs/NAME.jsonl
"""

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICES = ("checkout", "payments", "catalogue")
TEAM = ("junior", "associate", "senior", "lead", "crossing")
"""The example people: each has an address of their own, http://NAME.localhost:PORT/."""


class NotRunning(Exception):
    """The example system, or the part of it that was asked, is not there to answer."""


@dataclass(frozen=True)
class Place:
    """The shared folder. `Place.under(data)` is the one inside Watchbill's data folder."""

    folder: Path

    @classmethod
    def under(cls, data: Path) -> "Place":
        return cls(data.absolute() / "example")

    def create(self) -> None:
        """Make the folder and the token where they are missing."""
        for folder in (self.folder, self.folder / "logs", self.folder / "pids"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        token = self.folder / "token"
        if not token.exists():
            write(token, secrets.token_urlsafe(24))

    def token(self) -> str:
        """The bearer token. Raises NotRunning where no example was ever started."""
        return self._read("token").strip()

    def ports(self) -> dict[str, int]:
        """Name to port on 127.0.0.1. Raises NotRunning where no example was ever started."""
        return json.loads(self._read("ports.json"))  # type: ignore[no-any-return]

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.jsonl"

    def pid(self, name: str) -> Path:
        return self.folder / "pids" / f"{name}.pid"

    @property
    def targets(self) -> Path:
        """Prometheus file discovery: list this file under `file_sd_configs`."""
        return self.folder / "targets.json"

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:
            raise NotRunning(f"No example system was ever started in {self.folder}.") from None


def write(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.replace(temporary, path)


def write_json(path: Path, value: Any) -> None:
    """The same for a value that is kept as JSON."""
    write(path, json.dumps(value, indent=2) + "\n")
