"""A PostgreSQL of our own that can be stopped and started."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.processes.installation import free_port


class Cluster:
    """One data folder. PostgreSQL refuses to run as root, so root lends it to `postgres`."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.binaries, self.port = folder, binaries, free_port()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "--username", "watchbill", "--auth", "trust", "--no-sync",
                  "--encoding", "UTF8", "--locale", "C")  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://watchbill@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "--wait", "--log", str(self.folder / "log"), "--options", options,
                  "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """`immediate`: as if it crashed. `fast`: in good order."""
        self._run("pg_ctl", "--wait", "--mode", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        owner = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        subprocess.run(
            [self.binaries / program, "--pgdata", self.folder / "data", *arguments],
            check=True, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=120,
            env={"HOME": str(self.folder), "PATH": os.environ["PATH"]}, **owner,
        )  # fmt: skip


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running one; the test is skipped where PostgreSQL is not installed."""
    found = [shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    binaries = [Path(path).resolve().parent for path in found if path]
    if not binaries:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="watchbill-postgres-"))  # pytest's own is root's alone
    cluster = Cluster(folder, binaries[-1])
    cluster.start()
    try:
        yield cluster
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            cluster.stop()
        shutil.rmtree(folder)
