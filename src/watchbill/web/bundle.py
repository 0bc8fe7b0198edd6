"""The front-end bundle as it was built: which hashed file stands for a name.

`frontend/` builds into `static/dist/` and leaves `manifest.json` there, a flat JSON object such as
`{"main.js": "main-4f2a.js"}`. Without the bundle pages still read and forms still work, so a
missing file is an answer (None) and not an error.
"""

import json
from pathlib import Path

from django.templatetags.static import static

DIST = Path(__file__).parent / "static" / "dist"

_read: dict[Path, tuple[float, dict[str, str]]] = {}


def asset_url(name: str, dist: Path | None = None) -> str | None:
    """The URL of a built file, or None when there is no bundle or no such file in it."""
    file = manifest(dist or DIST).get(name)
    return None if file is None else static(f"dist/{file}")


def manifest(dist: Path) -> dict[str, str]:
    """Name to built file. Read again when a rebuild has changed it, so no restart is needed."""
    path = dist / "manifest.json"
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return {}
    known = _read.get(path)
    if known is None or known[0] != changed:
        known = _read[path] = (changed, json.loads(path.read_text()))
    return known[1]
