"""The data folder: what a fresh one holds, who may read it, and who is using it."""

import fcntl
import hashlib
import json
import os
import secrets
import time
from pathlib import Path

from watchbill.lib import files

LEFTOVERS = 6.0  # seconds that the processes of a killed `serve` need to notice and end

PROMETHEUS = """\
# What Watchbill scrapes, in Prometheus's own form. It is read again when it changes.
# https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
global:
  scrape_interval: 15s

scrape_configs:
  # Lists of targets that programs write. A list is [{"targets": ["host:port"], "labels": {}}].
  - job_name: files
    file_sd_configs:
      - files: [targets/*.json]

#  - job_name: shop
#    static_configs:
#      - targets: ["127.0.0.1:9100"]
"""

COMMANDS = """\
# The commands that runbook steps may run. Nothing else is ever run, and no shell is used. Such as:
#
#   commands:
#     restart-payments:
#       argv: [/usr/bin/systemctl, restart, payments]
#       timeout: 30s
commands: {}
"""


class FolderError(Exception):
    """The data folder cannot be used; the message says why and what to do."""


def prepare(data: Path) -> None:
    """Create what is missing of the folder, its keys and its first configuration."""
    try:
        os.umask(0o077)  # nobody but the owner reads what any of our processes writes
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        for folder in ("run", "rules", "targets"):
            (data / folder).mkdir(mode=0o700, exist_ok=True)
        files.create(data / "secret-key", secrets.token_urlsafe(48) + "\n")
        files.create(data / "telemetry-token", secrets.token_urlsafe(32) + "\n")
        # Telemetry knows the app from its first moment; `accounts/tokens.py` keeps this file later.
        digest = hashlib.sha256((data / "telemetry-token").read_text().strip().encode())
        trusted = [{"sha256": digest.hexdigest(), "scopes": ["query", "write"]}]
        files.create(data / "tokens.json", json.dumps({"tokens": trusted}, indent=1) + "\n")
        files.create(data / "prometheus.yml", PROMETHEUS)
        files.create(data / "commands.yml", COMMANDS)
    except OSError as error:
        raise FolderError(f"The data folder {data} cannot be used: {error}.") from None


def lock(data: Path) -> int:
    """Hold the folder for this process and the children that inherit the descriptor returned.

    The lock ends with the last of them, so a folder that can be locked has no leftovers at work in
    it. Raises FolderError while another `serve` holds it.
    """
    held = os.open(data / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    patience = time.monotonic() + LEFTOVERS
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = os.pread(held, 20, 0).decode().strip()
            if _alive(holder) or time.monotonic() > patience:
                os.close(held)
                raise FolderError(
                    f"The data folder {data} is in use by process {holder} (watchbill serve). "
                    "Stop that one first, or choose another folder with WATCHBILL_DATA."
                ) from None
            time.sleep(0.05)
    os.ftruncate(held, 0)
    os.pwrite(held, f"{os.getpid()}\n".encode(), 0)
    return held


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path("/proc", pid).exists()
