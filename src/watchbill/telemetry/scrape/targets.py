"""From a job to its targets: what discovery found, relabelling, final labels and address."""

import glob
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from watchbill.telemetry.promql.storage import Labels, labels_of
from watchbill.telemetry.scrape.http_sd import HttpSources
from watchbill.telemetry.scrape.relabel import Relabeller
from watchbill.telemetry.scrape.settings import Job, TargetGroup, target_group
from watchbill.telemetry.scrape.yamlfile import ConfigError, duration, load

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """One address to scrape. Two targets are the same if URL and labels are."""

    url: str
    labels: Labels
    discovered: Labels
    interval: float
    timeout: float


@dataclass(frozen=True)
class Discovered:
    """What a job's discovery gave; `problem` says why none of it is scraped."""

    active: tuple[Target, ...]
    dropped: tuple[Labels, ...]
    problem: str = ""


class Discovery:
    """Resolves jobs, remembering the last good version of each discovery file."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[tuple[int, int, int], tuple[TargetGroup, ...]]] = {}
        self._file_problems: dict[str, str] = {}
        self.http = HttpSources()

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with files and addresses that list targets, by their name."""
        return {**self._file_problems, **self.http.problems}

    def resolve(self, job: Job) -> Discovered:
        """The job's targets as of now."""
        relabel = Relabeller(job.relabel)
        active: dict[tuple[str, Labels], Target] = {}
        dropped: list[Labels] = []
        for group, origin in self._groups(job):
            for address in group.targets:
                found = _discovered_labels(job, group, address, origin)
                labels = relabel.apply(found)
                if labels is None or not labels.get("__address__"):
                    dropped.append(labels_of(found))
                    continue
                target = _target(job, labels, found)
                active.setdefault((target.url, target.labels), target)
        if job.keep_dropped:
            del dropped[job.keep_dropped :]
        problem = ""
        if job.target_limit and len(active) > job.target_limit:
            problem = f"{len(active)} targets exceed target_limit {job.target_limit}"
        return Discovered(tuple(active.values()), tuple(dropped), problem)

    def _groups(self, job: Job) -> Iterator[tuple[TargetGroup, dict[str, str]]]:
        """Groups with the labels that tell where they come from."""
        for group in job.groups:
            yield group, {}
        for discovery in job.files:
            for pattern in discovery.patterns:
                for name in sorted(glob.glob(pattern)):
                    for group in self._read(Path(name)):
                        yield group, {"__meta_filepath": name}
        for source in job.sources:
            for group in self.http.groups(source):
                yield group, {"__meta_url": source.shown}

    def _read(self, path: Path) -> tuple[TargetGroup, ...]:
        """A discovery file; a wrong one is reported and its last good version stays in force."""
        known = self._files.get(path)
        try:
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if known is not None and known[0] == version:
                return known[1]
            document = load(path)
            groups = tuple(target_group(item) for item in document.items()) if document else ()
        except (ConfigError, OSError) as error:
            if self._file_problems.get(str(path)) != str(error):
                log.error("target file refused, the last good version stays in force: %s", error)
            self._file_problems[str(path)] = str(error)
            return known[1] if known is not None else ()
        self._file_problems.pop(str(path), None)
        self._files[path] = (version, groups)
        return groups


def _discovered_labels(
    job: Job, group: TargetGroup, address: str, origin: dict[str, str]
) -> dict[str, str]:
    return {
        "job": job.name,
        "__scheme__": job.scheme,
        "__metrics_path__": job.metrics_path,
        "__scrape_interval__": f"{job.interval:g}s",
        "__scrape_timeout__": f"{job.timeout:g}s",
        **{f"__param_{name}": values[0] for name, values in job.params.items() if values},
        **group.labels,
        **origin,
        "__address__": address,
    }


def _target(job: Job, labels: dict[str, str], found: dict[str, str]) -> Target:
    params = {name: list(values) for name, values in job.params.items()}
    for name, value in labels.items():
        if name.startswith("__param_"):  # relabelling may have changed the first value
            params.setdefault(name.removeprefix("__param_"), [""])[:1] = [value]
    scheme, path = labels.get("__scheme__", "http"), labels.get("__metrics_path__", "/metrics")
    query = f"?{urlencode(params, doseq=True)}" if params else ""
    url = f"{scheme}://{labels['__address__']}{path if path[:1] == '/' else '/' + path}{query}"
    labels.setdefault("instance", labels["__address__"])
    return Target(
        url,
        labels_of({name: value for name, value in labels.items() if not name.startswith("__")}),
        labels_of(found),
        _seconds(labels.get("__scrape_interval__", ""), job.interval),
        _seconds(labels.get("__scrape_timeout__", ""), job.timeout),
    )


def _seconds(text: str, default: float) -> float:
    """A duration that relabelling may have changed; nonsense leaves the job's own."""
    try:
        return duration(text) or default
    except ValueError:
        return default
