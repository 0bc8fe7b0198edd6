"""What is done to the servers and measured: feeding, asking, asking after a restart, growing."""

import time
from collections import defaultdict
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from . import data
from .queries import QUERIES, difference
from .systems import System, Watchbill

TURN_BODIES = 300
INSTANT_REPEATS = 3


def ingest(systems: list[System], dataset: data.DataSet) -> dict[str, Any]:
    """Feed all, some bodies each in turn. Wall and processor time are of the servers' turns."""
    wall, before = defaultdict(float), {system.name: system.cpu() for system in systems}
    feed, samples = data.bodies(dataset), 0
    while turn := list(islice(feed, TURN_BODIES)):
        samples += sum(body.samples for body in turn)
        for system in systems:
            for body in turn:
                system.clock(data.START_MS + (body.step + 1) * data.STEP_MS)
                wall[system.name] += system.push(body.data)
    time.sleep(5)  # what they still do with it counts
    return {
        "samples": samples,
        **{
            system.name: {
                "seconds": wall[system.name],
                "samples_per_second": samples / wall[system.name],
                "cpu_us_per_sample": (system.cpu() - before[system.name]) / samples * 1e6,
                "memory": system.memory(),
                "first_start": {"ready": system.started, "prepared": system.prepared},
            }
            for system in systems
        },
    }


def queries(
    systems: list[System], dataset: data.DataSet, kind: str, rounds: int, only: list[str] | None
) -> dict[str, Any]:
    """Ask the mix of all, query by query in turn; the first time of each is not counted."""
    start = data.START_MS if kind == "range" else dataset.end_ms
    repeats = 1 if kind == "range" else INSTANT_REPEATS
    out: dict[str, Any] = {}
    for name in only or QUERIES:
        took: dict[str, list[float]] = defaultdict(list)
        cpu: dict[str, float] = defaultdict(float)
        answers: dict[str, bytes] = {}
        for turn in range(rounds + 1):
            for system in systems:
                before = system.cpu()
                for _ in range(repeats if turn else 1):
                    seconds, answers[system.name] = system.ask(QUERIES[name], start, dataset.end_ms)
                    if turn:
                        took[system.name].append(seconds)
                if turn:
                    cpu[system.name] += system.cpu() - before
        out[name] = _row(took, cpu, answers)
    return out


def cold(
    systems: list[System], dataset: data.DataSet, rounds: int, only: list[str] | None
) -> dict[str, Any]:
    """Restart all, then ask every range query once, as often as there are rounds.

    What the operating system holds of their files in memory it still holds.
    """
    took: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in only or QUERIES}
    cpu: dict[str, dict[str, float]] = {name: defaultdict(float) for name in took}
    answers: dict[str, dict[str, bytes]] = {name: {} for name in took}
    for _ in range(rounds):
        for system in systems:
            system.stop()
            system.start()
        time.sleep(2)
        for name in took:
            for system in systems:
                before = system.cpu()
                seconds, answers[name][system.name] = system.ask(
                    QUERIES[name], data.START_MS, dataset.end_ms
                )
                took[name][system.name].append(seconds)
                cpu[name][system.name] += system.cpu() - before
    return {name: _row(took[name], cpu[name], answers[name]) for name in took}


def _row(
    took: dict[str, list[float]], cpu: dict[str, float], answers: dict[str, bytes]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: {"ms": median(times) * 1000, "cpu_ms": cpu[name] / len(times) * 1000}
        for name, times in took.items()
    }
    row["bytes"] = len(answers["watchbill"]) if "watchbill" in answers else 0
    if "watchbill" in answers and "prometheus" in answers:
        row["difference"] = difference(answers["watchbill"], answers["prometheus"])
    return row


def disk(systems: list[System], dataset: data.DataSet, samples: int) -> dict[str, Any]:
    """Bytes a sample takes once everything has moved to where it stays."""
    out = {}
    for system in systems:
        system.clock(dataset.end_ms + 3 * 3_600_000)
        system.settle()
        size = system.disk()
        out[system.name] = {"bytes": size, "bytes_per_sample": size / samples}
    return out


def scaling(folder: Path, sizes: list[int]) -> dict[str, Any]:
    """Watchbill alone: cost of new series, of further samples and of a selective query by size."""
    query = 'sum by (handler) (rate(http_requests_total{instance="app-007:8080"}[2m]))'
    out: dict[str, Any] = {}
    for size in sizes:
        dataset = data.make(size, 12 * data.STEP_MS / 3_600_000)
        system = Watchbill(folder / str(size))
        system.clock(data.START_MS)
        system.start()
        try:
            cpu, samples = [system.cpu()], 0
            for body in data.bodies(dataset):
                if body.step == 1 and len(cpu) == 1:
                    cpu.append(system.cpu())
                system.clock(data.START_MS + (body.step + 1) * data.STEP_MS)
                system.push(body.data)
                samples += body.samples if body.step else 0
            time.sleep(3)
            cpu.append(system.cpu())
            end = dataset.end_ms
            took = [system.ask(query, end, end)[0] for _ in range(21)][1:]
            out[str(size)] = {
                "new_series_us": (cpu[1] - cpu[0]) / size * 1e6,
                "cpu_us_per_sample": (cpu[2] - cpu[1]) / samples * 1e6,
                "query_ms": median(took) * 1000,
                "memory": system.memory(),
                "first_start": {"ready": system.started, "prepared": system.prepared},
            }
        finally:
            system.stop()
    return out
