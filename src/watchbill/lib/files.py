"""Files that others read while they are written: they see the old text or the new, never half."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace(file: Path, text: str) -> None:
    """Give `file` a new text in one step, readable by its owner only. Raises OSError."""
    with _written(file, text) as fresh:
        fresh.replace(file)


def create(file: Path, text: str) -> None:
    """Like `replace`, but a file that is there already stays as it is. Raises OSError."""
    with _written(file, text) as fresh, suppress(FileExistsError):
        os.link(fresh, file)


@contextmanager
def _written(file: Path, text: str) -> Iterator[Path]:
    """A temporary neighbour of `file` with the text safely on disk."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
