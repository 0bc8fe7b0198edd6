"""`python -m tests.promqltest [-v] PATH…`: how many cases of each file pass."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from tests.promqltest.run import Outcome, run


def main() -> None:
    """Print passed/total for each file, cases that need native histograms apart."""
    parser = argparse.ArgumentParser(prog="python -m tests.promqltest", description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true", help="print failing cases")
    parser.add_argument("paths", nargs="+", type=Path, help="scripts, or folders of *.test")
    options = parser.parse_args()
    everything: list[Outcome] = []
    began = time.perf_counter()
    print(f"{'':28s} {'classic':>15s} {'native':>13s}")
    for path in _scripts(options.paths):
        outcomes = list(run(path))
        everything += outcomes
        for outcome in outcomes if options.verbose else []:
            if outcome.why:
                print(f"  {path.name}:{outcome.line} {outcome.query}\n      {outcome.why}")
        print(f"{path.name:28s} {_score(outcomes)}")
    print(f"{'all':28s} {_score(everything)}  in {time.perf_counter() - began:.1f} s")


def _scripts(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.test")) if path.is_dir() else [path]


def _score(outcomes: list[Outcome]) -> str:
    parts = []
    for native in (False, True):
        group = [outcome for outcome in outcomes if outcome.native == native]
        passed = sum(not outcome.why for outcome in group)
        share = f" {100 * passed / len(group):5.1f}%" if group else ""
        parts.append(f"{passed:4d}/{len(group):<4d}{share}")
    return f"{parts[0]:>16s}   {parts[1]}"


if __name__ == "__main__":
    main()
