"""Metrics of the machine we run on, under the names that node_exporter gives them."""

import os
from collections.abc import Iterator

import psutil

from watchbill.telemetry.intake.exposition import Exposition, Sample
from watchbill.telemetry.intake.metadata import Metadata

_FAMILIES = {
    "node_cpu_seconds_total": Metadata("counter", "Seconds the CPUs spent in each mode.", ""),
    "node_memory_MemTotal_bytes": Metadata("gauge", "Memory of this machine.", ""),
    "node_memory_MemAvailable_bytes": Metadata("gauge", "Memory free to be used.", ""),
    "node_memory_SwapTotal_bytes": Metadata("gauge", "Swap of this machine.", ""),
    "node_memory_SwapFree_bytes": Metadata("gauge", "Swap free to be used.", ""),
    "node_filesystem_size_bytes": Metadata("gauge", "Size of the file system.", ""),
    "node_filesystem_avail_bytes": Metadata("gauge", "Space free to be used.", ""),
    "node_network_receive_bytes_total": Metadata("counter", "Bytes received.", ""),
    "node_network_transmit_bytes_total": Metadata("counter", "Bytes sent.", ""),
    "node_disk_read_bytes_total": Metadata("counter", "Bytes read from the device.", ""),
    "node_disk_written_bytes_total": Metadata("counter", "Bytes written to the device.", ""),
    "node_load1": Metadata("gauge", "Load of the last minute.", ""),
    "node_load5": Metadata("gauge", "Load of the last 5 minutes.", ""),
    "node_load15": Metadata("gauge", "Load of the last 15 minutes.", ""),
    "node_boot_time_seconds": Metadata("gauge", "When the machine started, Unix time.", ""),
    "node_time_seconds": Metadata("gauge", "The machine's clock, Unix time.", ""),
}
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def host_page(now_seconds: float) -> Exposition:
    """The machine's state now."""
    found = (*_cpu(), *_memory(), *_filesystems(), *_network(), *_disks(), *_load())
    samples = [Sample(series, value, None) for series, value in found]
    samples.append(Sample("node_time_seconds", now_seconds, None))
    return Exposition(samples, dict(_FAMILIES))


def _cpu() -> Iterator[tuple[str, float]]:
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        for mode in _MODES:
            value = getattr(times, mode, None)
            if value is not None:
                yield f'node_cpu_seconds_total{{cpu="{number}",mode="{mode}"}}', value


def _memory() -> Iterator[tuple[str, float]]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    yield "node_memory_MemTotal_bytes", memory.total
    yield "node_memory_MemAvailable_bytes", memory.available
    yield "node_memory_SwapTotal_bytes", swap.total
    yield "node_memory_SwapFree_bytes", swap.free


def _filesystems() -> Iterator[tuple[str, float]]:
    seen = set()
    for part in psutil.disk_partitions(all=False):
        labels = _labels(device=part.device, fstype=part.fstype, mountpoint=part.mountpoint)
        try:
            usage = os.statvfs(part.mountpoint)
        except OSError:
            continue
        if labels in seen or not usage.f_blocks or not os.path.isdir(part.mountpoint):
            continue
        seen.add(labels)
        yield f"node_filesystem_size_bytes{labels}", usage.f_blocks * usage.f_frsize
        yield f"node_filesystem_avail_bytes{labels}", usage.f_bavail * usage.f_frsize


def _network() -> Iterator[tuple[str, float]]:
    for device, counters in psutil.net_io_counters(pernic=True).items():
        labels = _labels(device=device)
        yield f"node_network_receive_bytes_total{labels}", counters.bytes_recv
        yield f"node_network_transmit_bytes_total{labels}", counters.bytes_sent


def _disks() -> Iterator[tuple[str, float]]:
    for device, counters in (psutil.disk_io_counters(perdisk=True) or {}).items():
        labels = _labels(device=device)
        yield f"node_disk_read_bytes_total{labels}", counters.read_bytes
        yield f"node_disk_written_bytes_total{labels}", counters.write_bytes


def _load() -> Iterator[tuple[str, float]]:
    for minutes, load in zip((1, 5, 15), os.getloadavg(), strict=True):
        yield f"node_load{minutes}", load
    yield "node_boot_time_seconds", psutil.boot_time()


def _labels(**labels: str) -> str:
    quoted = (
        f'{name}="{value}"'
        for name, value in (
            (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
            for name, value in labels.items()
        )
    )
    return "{" + ",".join(quoted) + "}"
