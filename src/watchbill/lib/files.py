"""Files that others read while they are written: they see the old text or the new, never half."""

import os
from pathlib import Path


def replace(file: Path, text: str) -> None:
    """Give `file` a new text in one step, readable by its owner only. Raises OSError."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
