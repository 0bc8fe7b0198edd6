"""Watchbill's telemetry beside Prometheus and VictoriaMetrics, in one interleaved run.

    python -m bench.telemetry [--series 10000] [--hours 6] [--rounds 3] [--json FILE]
    python -m bench.telemetry --scaling 10000,100000,500000

Feeds the same remote-write bodies to all, asks the same queries of all, checks that the answers
agree, and prints how long, how much processor time, memory and disk each took, and the ratios.
Without a peer program (`prometheus`, `victoria-metrics`) it is left out. Needs about 2 GB of disk.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import data, phases, report
from .systems import SYSTEMS, System


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.telemetry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--series", type=int, default=10_000, help="about so many")
    parser.add_argument("--hours", type=float, default=6, help="of samples, every 15 s")
    parser.add_argument("--rounds", type=int, default=5, help="of queries, warm")
    parser.add_argument("--cold-rounds", type=int, default=3, help="each with a restart; 0: none")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which, by name")
    parser.add_argument("--queries", default="", help="only these, by name")
    parser.add_argument("--keep", type=Path, help="keep the fed servers' folders here, or use them")
    parser.add_argument("--scaling", default="", help="instead: ingest and query at these sizes")
    parser.add_argument("--json", type=Path, help="write all figures here")
    given = parser.parse_args()
    with _folder(given.keep) as folder:
        if given.scaling:
            figures = phases.scaling(folder, [int(one) for one in given.scaling.split(",")])
            report.scaling(figures)
        else:
            figures = _compare(folder, given)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


def _compare(folder: Path, given: argparse.Namespace) -> dict[str, object]:
    names = [name for name in given.systems.split(",") if name == "watchbill" or shutil.which(name)]
    systems: list[System] = [SYSTEMS[name](folder) for name in names]
    dataset = data.make(given.series, given.hours)
    wanted = {"series": given.series, "hours": given.hours, "seed": data.SEED, "systems": names}
    mark = folder / "fed.json"
    fed = json.loads(mark.read_text()) if mark.exists() else {}
    figures: dict[str, object] = {"data": wanted}
    try:
        for system in systems:
            system.clock(dataset.end_ms if fed else data.START_MS)
            system.start()
        if fed.get("data") != wanted:
            if fed:
                raise SystemExit(f"{folder} holds other data: {fed['data']}")
            fed = {"data": wanted, "ingest": phases.ingest(systems, dataset)}
            mark.write_text(json.dumps(fed))
        figures["ingest"] = fed["ingest"]
        report.ingest(fed["ingest"])
        only = given.queries.split(",") if given.queries else None
        for kind in ("instant", "range"):
            figures[kind] = phases.queries(systems, dataset, kind, given.rounds, only)
            report.queries(f"{kind}, warm", figures[kind])
        if given.cold_rounds:
            figures["cold"] = phases.cold(systems, dataset, given.cold_rounds, only)
            report.queries("range, first time after a restart", figures["cold"])
        figures["memory"] = {system.name: system.memory() for system in systems}
        report.memory(figures["memory"])
        if not given.keep:
            figures["disk"] = phases.disk(systems, dataset, fed["ingest"]["samples"])
            report.disk(figures["disk"])
    finally:
        for system in systems:
            system.stop()
    return figures


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
    else:
        with tempfile.TemporaryDirectory(prefix="watchbill-bench-") as folder:
            yield Path(folder)


if __name__ == "__main__":
    main()
