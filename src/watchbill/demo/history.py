"""Fills the thirty days before the example's first start with made-up metrics, by remote write.

    python -m watchbill.demo.history --data DATA --to http://127.0.0.1:8421/api/v1/import \
        --token-file FILE

Oldest first, at a bounded rate, and resumable: `DATA/example/history.json` tells how far it is.
The series `example_history` is 1 over the whole made-up stretch. Exit status: 0 all sent,
1 refused by the receiver, 75 (EX_TEMPFAIL) the receiver did not answer for a minute.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np

from watchbill.demo import remote_write
from watchbill.demo.past import STEP, Past
from watchbill.demo.place import Place, write_json
from watchbill.lib import clock, lifeline

RATE = 50_000  # samples a second: 3.7 million take 75 s, and live data has room beside them
HOUR = 3600
PATIENCE = 60.0  # seconds for which a receiver that does not answer is asked again
TEMPORARY = 75


@dataclass
class Progress:
    """How far the filling is: all before `sent` (Unix seconds) is there. `end` never changes."""

    seed: int
    end: int
    sent: int

    @classmethod
    def of(cls, place: Place) -> "Progress":
        """What the folder tells; where nothing was begun, the thirty days before now."""
        try:
            return cls(**json.loads((place.folder / "history.json").read_text()))
        except FileNotFoundError:
            past = Past(seed=1, end=int(clock.seconds()))
            return cls(past.seed, past.end, past.start)

    def keep(self, place: Place) -> None:
        write_json(place.folder / "history.json", asdict(self))


def fill(place: Place, url: str, token: str, *, rate: int = RATE) -> int:
    """Send what has not been sent; the number of samples sent now.

    Raises remote_write.Refused, or remote_write.Busy after a minute without an answer.
    """
    progress = Progress.of(place)
    progress.keep(place)
    samples = 0
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:
        for until, count, body in bodies(progress):
            begun = time.monotonic()
            _send(client, url, body)
            progress.sent = until
            progress.keep(place)
            samples += count
            time.sleep(max(0.0, count / rate - (time.monotonic() - begun)))
    return samples


def bodies(progress: Progress) -> Iterator[tuple[int, int, bytes]]:
    """Per hour that is still to be sent: where it ends, how many samples, the body."""
    for at, columns in Past(progress.seed, progress.end).days():
        if at[-1] < progress.sent * 1000:
            continue
        for first in range(0, len(at), HOUR // STEP):
            hour = slice(first, first + HOUR // STEP)
            if at[hour][0] < progress.sent * 1000:
                continue
            cut = [(labels, values[hour]) for labels, values in columns]
            count = sum(int(np.count_nonzero(~np.isnan(values))) for _, values in cut)
            yield int(at[hour][-1]) // 1000 + STEP, count, remote_write.body(at[hour], cut)


def _send(client: httpx.Client, url: str, body: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return remote_write.send(client, url, body)
        except remote_write.Busy as busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(busy.wait)


def main() -> None:
    """Fill the history, unless it is filled."""
    parser = argparse.ArgumentParser(prog="python -m watchbill.demo.history")
    parser.add_argument("--data", type=Path, required=True, help="Watchbill's data folder")
    parser.add_argument("--to", required=True, help="address of the remote write receiver")
    parser.add_argument("--token-file", type=Path, help="file with its bearer token")
    parser.add_argument("--rate", type=int, default=RATE, help="samples a second")
    parser.add_argument("--lifeline", type=int, help="pipe whose end stops this")
    options = parser.parse_args()
    lifeline.hold(options.lifeline)
    token = options.token_file.read_text().strip() if options.token_file else ""
    place = Place.under(options.data)
    place.create()
    try:
        sent = fill(place, options.to, token, rate=options.rate)
    except remote_write.Refused as error:
        sys.exit(f"The history was refused: {error}")
    except remote_write.Busy as error:
        sys.stderr.write(f"The history waits: {error}\n")
        sys.exit(TEMPORARY)
    sys.stdout.write(f"{sent} samples of history sent\n")


if __name__ == "__main__":
    main()
