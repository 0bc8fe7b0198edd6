"""How long a cold start takes and what each process costs when nothing happens.

    python bench/memory.py [--idle SECONDS] [--demo]

Starts `watchbill serve` on a fresh folder and free ports, asks for the first page as soon as it is
there, waits (60 s by default) and prints for each process the proportional set size, in which
shared pages count by their share, and the private memory, which the process alone would give back.
The example system is started with --demo but not counted.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

AIM_PSS, AIM_PRIVATE = 750, 400  # MB, in total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_page(url: str, begun: float) -> float:
    """Seconds from the start until the first page was read whole."""
    while time.perf_counter() - begun < 120:
        try:
            with urlopen(url, timeout=10) as page:
                page.read()
                return time.perf_counter() - begun
        except (URLError, ConnectionError):
            time.sleep(0.02)
    raise SystemExit("no page within two minutes")


def memory(pid: int) -> tuple[float, float]:
    """Proportional and private memory in MB. proc(5), /proc/pid/smaps_rollup"""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        sizes[name] = int(value) / 1024
    return sizes["Pss:"], sizes["Private_Clean:"] + sizes["Private_Dirty:"]


def label(process: psutil.Process) -> str:
    """`web` of `python -m watchbill web`; what a child of it started is named after it."""
    words = process.cmdline()
    if "watchbill" in words:
        return words[words.index("watchbill") + 1]
    return "demo" if "watchbill.demo" in " ".join(words) else process.name()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to wait before measuring")
    parser.add_argument("--demo", action="store_true", help="with the example system running")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        web = free_port()
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WATCHBILL_")},
            "WATCHBILL_DATA": f"{folder}/data",
            "WATCHBILL_LISTEN": f"127.0.0.1:{web}",
            "WATCHBILL_TELEMETRY_LISTEN": f"127.0.0.1:{free_port()}",
        }
        command = [sys.executable, "-m", "watchbill", "serve", *["--demo"] * options.demo]
        begun = time.perf_counter()
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            page = first_page(f"http://127.0.0.1:{web}/sign-in", begun)
            assert server.stdout
            print(f"first page after {page:.1f} s; said: {server.stdout.readline().strip()}")
            time.sleep(options.idle)
            report(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def report(supervisor: int) -> None:
    total_pss = total_private = 0.0
    print(f"\n{'process':<12}{'PSS MB':>9}{'private MB':>12}")
    parent = psutil.Process(supervisor)
    for process in [parent, *parent.children(recursive=True)]:
        pss, private = memory(process.pid)
        name = label(process)
        print(f"{name:<12}{pss:>9.1f}{private:>12.1f}")
        if name != "demo":
            total_pss += pss
            total_private += private
    print(f"{'total':<12}{total_pss:>9.1f}{total_private:>12.1f}")
    print(f"{'aim':<12}{AIM_PSS:>9}{AIM_PRIVATE:>12}")


if __name__ == "__main__":
    main()
