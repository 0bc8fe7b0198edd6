"""`python -m tests.telemetry.differential`: ask generated queries of both, explain differences."""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.telemetry.differential import live, recording
from tests.telemetry.differential.answers import Question, ask, difference
from tests.telemetry.differential.explain import CHANGES, ROUNDING, TIES, explain
from tests.telemetry.differential.grammar import Grammar, Moments
from tests.telemetry.differential.live import Both

_NOTES = {change.name: change.note for change in CHANGES} | {TIES: "-", ROUNDING: "-"}


@dataclass
class Outcome:
    """What came of all questions."""

    asked: int = 0
    answered: int = 0
    failed: int = 0
    explained: dict[str, list[Question]] = field(default_factory=dict)
    unexplained: list[tuple[Question, str]] = field(default_factory=list)

    @property
    def equal(self) -> int:
        different = sum(map(len, self.explained.values())) + len(self.unexplained)
        return self.asked - different


def compare(both: Both, queries: int, seed: int) -> Outcome:
    """Ask so many queries of both."""
    stored = recording.Stored(both.recording)
    grammar = Grammar(both.recording, random.Random(seed), Moments.of(both.recording))
    outcome = Outcome()
    for _ in range(queries):
        question = grammar.question()
        ours, theirs = ask(both.ours, question), ask(both.theirs, question)
        outcome.asked += 1
        outcome.answered += bool(theirs.points or theirs.text) and not theirs.failed
        outcome.failed += theirs.failed
        ordered = question.text.startswith("sort") and not question.step_ms
        if wrong := difference(ours, theirs, ordered=ordered):
            if why := explain(question, ours, theirs, stored):
                outcome.explained.setdefault(why, []).append(question)
            else:
                outcome.unexplained.append((question, wrong))
    return outcome


def main() -> int:
    """Exits 1 when a difference has no explanation or the samples are not the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.telemetry.differential")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=180, help="how long to scrape")
    parser.add_argument("--recorded", type=Path, help="use this recording instead of scraping")
    parser.add_argument("--record", type=Path, help="keep what was scraped in this file")
    parser.add_argument("-v", "--verbose", action="store_true", help="show explained queries too")
    options = parser.parse_args()
    if program := live.missing():
        print(f"{program} is not installed", file=sys.stderr)
        return 2
    with _both(options.recorded, options.seconds) as both:
        samples = sum(map(len, both.recording.values()))
        print(f"{len(both.recording)} series, {samples} samples")
        if options.record:
            recording.save(both.recording, options.record)
        unequal = both.unequal_series()
        for series in unequal[:10]:
            print(f"not the same samples: {series}")
        began = time.perf_counter()
        outcome = compare(both, options.queries, options.seed)
        _print(outcome, options.verbose)
        print(f"seed {options.seed}, {time.perf_counter() - began:.0f} s")
    return 1 if unequal or outcome.unexplained else 0


@contextmanager
def _both(recorded: Path | None, seconds: float) -> Iterator[Both]:
    with live.replayed(recording.load(recorded)) if recorded else live.scraped(seconds) as both:
        yield both


def _print(outcome: Outcome, verbose: bool) -> None:
    print(
        f"{outcome.asked} queries: {outcome.equal} equal, {len(outcome.unexplained)} different,"
        f" {sum(map(len, outcome.explained.values()))} explained"
        f" ({outcome.answered} with values, {outcome.failed} refused by both or one)"
    )
    causes = Counter[str]()
    for why, questions in outcome.explained.items():
        for name in why.split(" + "):
            causes[name] += len(questions)
        for question in questions if verbose else []:
            print(f"  {question}\n      {why}")
    for name, count in causes.most_common():
        print(f"  {count:4d}  {name}  [{_NOTES[name]}]")
    for question, wrong in outcome.unexplained:
        print(f"  unexplained: {question}\n      {wrong}")


if __name__ == "__main__":
    raise SystemExit(main())
