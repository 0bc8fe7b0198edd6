"""The figures as tables on the screen."""

import math
from typing import Any


def ingest(figures: dict[str, Any]) -> None:
    print(f"\ningest of {figures['samples']:,} samples")
    for name, found in figures.items():
        if name != "samples":
            memory = found["memory"]
            print(
                f"  {name:<17}{found['samples_per_second']:>12,.0f} samples/s"
                f"{found['cpu_us_per_sample']:>8.2f} us CPU/sample"
                f"{memory['peak']:>8.0f} MB peak{memory['private']:>8.0f} MB private"
            )
    for name, found in _servers(figures):
        _first_start(name, found)
    _ratios("CPU", {name: found["cpu_us_per_sample"] for name, found in _servers(figures)})


def queries(title: str, figures: dict[str, Any]) -> None:
    names = [name for name in next(iter(figures.values())) if name not in ("bytes", "difference")]
    print(f"\n{title}: milliseconds, wall / CPU")
    print(f"  {'':<12}{'KB':>8}" + "".join(f"{name:>22}" for name in names))
    for query, row in figures.items():
        times = "".join(f"{row[name]['ms']:>13.1f} /{row[name]['cpu_ms']:>7.1f}" for name in names)
        difference = row.get("difference", "")
        print(f"  {query:<12}{row['bytes'] / 1000:>8.0f}{times}  {difference}")
    for unit in ("ms", "cpu_ms"):
        means = {name: _mean([row[name][unit] for row in figures.values()]) for name in names}
        _ratios("wall" if unit == "ms" else "CPU", means)


def memory(figures: dict[str, Any]) -> None:
    print("\nmemory in MB after the queries: peak, private")
    for name, found in figures.items():
        print(f"  {name:<17}{found['peak']:>8.0f}{found['private']:>8.0f}")


def disk(figures: dict[str, Any]) -> None:
    print("\nbytes per sample on disk")
    for name, found in figures.items():
        print(f"  {name:<17}{found['bytes_per_sample']:>8.3f}")
    _ratios("disk", {name: found["bytes_per_sample"] for name, found in figures.items()})


def scaling(figures: dict[str, Any]) -> None:
    print(f"{'series':>9}{'us/new series':>15}{'us/sample':>11}{'query ms':>10}{'peak MB':>9}")
    for size, found in figures.items():
        print(
            f"{int(size):>9,}{found['new_series_us']:>15.1f}{found['cpu_us_per_sample']:>11.2f}"
            f"{found['query_ms']:>10.1f}{found['memory']['peak']:>9.0f}"
        )
    for size, found in figures.items():
        _first_start(f"{int(size):,}", found)


def _first_start(what: str, found: dict[str, Any]) -> None:
    """What was waited for before anything was measured."""
    if "first_start" in found:
        ready, prepared = found["first_start"]["ready"], found["first_start"]["prepared"]
        print(f"  {what}, first start: ready after {ready:.1f} s, at full speed {prepared:.1f} s")


def _servers(figures: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, found) for name, found in figures.items() if name != "samples"]


def _mean(numbers: list[float]) -> float:
    """Geometric; a processor time below the clock's tick counts as half a millisecond."""
    return math.exp(sum(math.log(max(number, 0.5)) for number in numbers) / len(numbers))


def _ratios(what: str, means: dict[str, float]) -> None:
    ours = means.get("watchbill")
    if ours is None:
        return
    others = [f"{ours / mean:.2f} x {name}" for name, mean in means.items() if name != "watchbill"]
    if others:
        print(f"  {what}: watchbill is {', '.join(others)}")
