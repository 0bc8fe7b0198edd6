"""Whether every duty can be done, ends as evidence and has its walk. `watchbill duties --check`.

Pure but for `rows`, which gathers what there is.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import watchbill
from watchbill.ladder.duties import fulfilled
from watchbill.ladder.evidence import acts_for, completing
from watchbill.ladder.places import resolved


@dataclass(frozen=True)
class Traced:
    """One duty, from what is done to who says that it was."""

    key: str
    practised_by: tuple[str, ...]
    completed_by: tuple[str, ...]
    page: str
    evidence: str
    witness: str

    @property
    def walk(self) -> str:
        """The file of its walk."""
        return f"tests/duties/test_{self.test[5:]}.py"

    @property
    def test(self) -> str:
        """The function that walks it."""
        return f"test_{self.key.lower().replace('-', '_')}"

    def lacks(self, resolves: Callable[[str], bool], tests: Path | None) -> list[str]:
        """What it has lost; walks are looked for where `tests` is the folder they lie in."""
        found = []
        if not self.practised_by:
            found.append("no act practises it")
        if not self.completed_by:
            found.append("no act completes its evidence")
        if not resolves(self.page):
            found.append(f"the page {self.page} does not exist")
        if not self.evidence.strip():
            found.append("its evidence is not said")
        if not self.witness.strip():
            found.append("its witness is not said")
        if tests is not None and not self.is_walked(tests):
            found.append(f"no walk: {self.test} in {self.walk}")
        return found

    def is_walked(self, tests: Path) -> bool:
        """The function is there, in its file."""
        file = tests / Path(self.walk).name
        if not file.exists():
            return False
        body = ast.parse(file.read_text()).body
        return any(isinstance(one, ast.FunctionDef) and one.name == self.test for one in body)


def rows() -> list[Traced]:
    """Every duty of the shipped ladder with what there is for it."""
    return [
        Traced(key, tuple(acts_for(key)), tuple(completing(key)), how.page, how.evidence,
               how.witness)
        for key, how in fulfilled().items()
    ]  # fmt: skip


def lacking() -> Mapping[str, list[str]]:
    """Duty -> what it has lost, of those that have lost anything."""
    tests = walks()
    found = {row.key: row.lacks(lambda page: bool(resolved(page)), tests) for row in rows()}
    return {key: lost for key, lost in found.items() if lost}


def walked() -> set[str]:
    """The duties that have a walk."""
    tests = walks()
    return {row.key for row in rows() if tests is not None and row.is_walked(tests)}


def walks() -> Path | None:
    """The folder of the walks, where a checkout's tests lie beside the package."""
    folder = Path(watchbill.__file__).parents[2] / "tests" / "duties"
    return folder if folder.is_dir() else None
