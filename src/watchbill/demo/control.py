"""The example's control: tells how it is, breaks it, mends it.

    python -m watchbill.demo.control --data DATA status
    python -m watchbill.demo.control inject errors
    python -m watchbill.demo.control rollback payments

Runbooks call it `example-control`; the allow-list of commands maps that name to `command(data)`.
Exit status: 0 done, 1 refused or not running, 2 not understood.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchbill.demo import faults
from watchbill.demo.place import SERVICES, NotRunning, Place
from watchbill.demo.shop import Refused, Shop

NAME = "example-control"


def command(data: Path) -> list[str]:
    """What `example-control` stands for in the allow-list: the start of an argument list."""
    return [sys.executable, "-m", "watchbill.demo.control", "--data", str(data.absolute())]


@dataclass(frozen=True)
class Action:
    """One word of the command line. `on` is what its first argument may be; `more` the second."""

    name: str
    doc: str
    do: Callable[..., str]
    on: tuple[str, ...] = ()
    more: str = ""


ACTIONS = (
    Action("status", "Tell what runs and what is broken.", lambda shop: _status(shop)),
    Action("inject", "Break something, for real.", faults.inject, tuple(faults.FAULTS)),
    Action("heal", "Mend it the way its runbook does.", faults.heal, tuple(faults.FAULTS)),
    Action("restart", "Restart a service.", Shop.restart, SERVICES),
    Action("deploy", "Run another release of a service.", Shop.deploy, SERVICES, "release"),
    Action("rollback", "Go back to a service's release before.", Shop.roll_back, SERVICES),
    Action("flush", "Empty the cache, sweep again.", lambda s, _: s.flush(), ("catalogue",)),
    Action("drain", "Let the receipts out.", lambda s, _: s.drain(), ("payments",)),
    Action("stop-report", "Stop the report.", lambda s, _: s.stop_report(), ("payments",)),
    Action("pool", "Set the connections.", lambda s, _, n: s.set_pool(n), ("payments",), "size"),
)  # fmt: skip


def main() -> None:
    """Do what the command line says."""
    options = vars(_parser().parse_args())
    data, action = options.pop("data"), options.pop("action")
    if data is None:
        sys.exit("Say where the example is: --data DATA, or WATCHBILL_DATA.")
    try:
        said = action.do(Shop(Place.under(data)), *options.values())
    except (NotRunning, Refused) as error:
        sys.exit(str(error))
    sys.stdout.write(said + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=NAME, description=(__doc__ or "").split("\n")[0])
    place = os.environ.get("WATCHBILL_DATA")
    parser.add_argument("--data", type=Path, default=place, help="Watchbill's data folder")
    words = parser.add_subparsers(required=True, metavar="ACTION")
    for action in ACTIONS:
        word = words.add_parser(action.name, help=action.doc, description=action.doc)
        word.set_defaults(action=action)
        if action.on:
            word.add_argument("on", choices=action.on, metavar="|".join(action.on))
        if action.more:
            word.add_argument(action.more, type=int if action.more == "size" else str)
    return parser


def _status(shop: Shop) -> str:
    state = shop.state()
    lines = []
    for name, it in state.items():
        how = f"running, pid {it['pid']}" if it["running"] else f"down: {it['held'] or 'starting'}"
        lines.append(f"{name:<10} {it['release'] or '':<5} {how}")
    broken = [fault for fault in faults.FAULTS.values() if fault.present(state)]
    lines += [f"fault {it.name}: {it.description}" for it in broken] or ["no fault"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
