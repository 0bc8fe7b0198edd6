"""Fetch uv with nothing but Python's standard library, for a Python without pip.

    python scripts/fetch_uv.py FOLDER      FOLDER/bin/uv is there afterwards

Asks the package index (PIP_INDEX_URL, or PyPI) for uv's newest wheel for this machine, checks its
SHA-256 and unpacks the program. https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

import hashlib
import io
import json
import os
import platform
import re
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/uv/"
WHEEL = re.compile(r"uv-(\d+)\.(\d+)\.(\d+)-py3-none-(?P<platform>.+)\.whl")


def wheel() -> tuple[str, str]:
    """Address and SHA-256 of the newest wheel that runs here."""
    machine, libc = platform.machine(), "manylinux" if platform.libc_ver()[0] else "musllinux"
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    request = urllib.request.Request(INDEX, headers=accept)  # noqa: S310 - the operator's index
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        files = json.load(answer)["files"]
    found = [
        (tuple(map(int, match.groups()[:3])), file)
        for file in files
        if (match := WHEEL.fullmatch(file["filename"]))
        and libc in match["platform"]
        and match["platform"].endswith(machine)
        and not file.get("yanked")
    ]
    if not found:
        raise SystemExit(f"{INDEX} has no uv for {libc} on {machine}.")
    newest = max(found, key=lambda item: item[0])[1]
    return urllib.parse.urljoin(INDEX, newest["url"]), newest["hashes"]["sha256"]


def main(folder: Path) -> None:
    """Download, check, unpack."""
    address, sha256 = wheel()
    with urllib.request.urlopen(address) as answer:  # noqa: S310
        body = answer.read()
    if hashlib.sha256(body).hexdigest() != sha256:
        raise SystemExit(f"{address} does not have the SHA-256 that the index names.")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        program = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        target = folder / "bin" / "uv"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(program))
        target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
