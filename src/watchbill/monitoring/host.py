"""The machine's own charts, over the names that Prometheus's node_exporter gives them."""

from dataclasses import dataclass

from watchbill import prometheus


@dataclass(frozen=True)
class HostChart:
    """One chart of a machine."""

    title: str
    query: str
    unit: str
    legend: str = ""


def instances() -> list[str]:
    """The machines that are measured now. Raises prometheus.NoAnswer."""
    found = prometheus.query("group by (instance) (node_cpu_seconds_total)")
    return sorted(sample.labels.get("instance", "") for sample in found)


def charts(instance: str) -> list[HostChart]:
    """CPU, memory, disk and network of one machine."""
    at = f"instance={_quoted(instance)}"
    return [
        HostChart(
            "CPU in use",
            f'1 - avg by (instance) (rate(node_cpu_seconds_total{{{at},mode="idle"}}[2m]))',
            "percent",
        ),
        HostChart(
            "Memory in use",
            f"1 - node_memory_MemAvailable_bytes{{{at}}} / node_memory_MemTotal_bytes{{{at}}}",
            "percent",
        ),
        HostChart(
            "Disk in use",
            f"1 - node_filesystem_avail_bytes{{{at}}} / node_filesystem_size_bytes{{{at}}}",
            "percent",
            "{{mountpoint}}",
        ),
        HostChart(
            "Disk read and written",
            f"sum by (instance) (rate(node_disk_read_bytes_total{{{at}}}[2m])"
            f" + rate(node_disk_written_bytes_total{{{at}}}[2m]))",
            "bytes",
        ),
        HostChart(
            "Network received",
            f'rate(node_network_receive_bytes_total{{{at},device!="lo"}}[2m])',
            "bytes",
            "{{device}}",
        ),
        HostChart(
            "Network sent",
            f'rate(node_network_transmit_bytes_total{{{at},device!="lo"}}[2m])',
            "bytes",
            "{{device}}",
        ),
        HostChart("Load over 1 minute", f"node_load1{{{at}}}", ""),
    ]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
