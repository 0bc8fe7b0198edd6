# ruff: noqa: E501 (tables read best as tables)
"""The scrape configuration: a whole file read, and every kind of mistake shown where it stands."""

from pathlib import Path

import pytest

from watchbill.telemetry.promql.storage import labels_of
from watchbill.telemetry.scrape.http_settings import Credentials, Secret
from watchbill.telemetry.scrape.settings import HttpDiscovery, read_settings
from watchbill.telemetry.scrape.targets import Discovery
from watchbill.telemetry.scrape.yamlfile import ConfigError

WHOLE = """\
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: {region: north}
rule_files: [rules/*.yml]
scrape_configs:
- job_name: node
  scrape_interval: 1m30s
  scrape_timeout: 500ms
  metrics_path: /m
  honor_labels: true
  params: {module: [a, b]}
  basic_auth: {username: u, password_file: secret}
  body_size_limit: 10MB
  sample_limit: 7
  static_configs:
  - targets: ['h1:9100', 'h2']
    labels: {dc: one}
  relabel_configs:
  - source_labels: [__address__]
    regex: h2.*
    action: drop
- job_name: files
  file_sd_configs:
  - files: ['sd/*.json', more.yml]
"""


def read(folder: Path, text: str):
    path = folder / "scrape.yml"
    path.write_text(text)
    return read_settings(path)


def test_reads_a_whole_file(tmp_path: Path) -> None:
    node, files = read(tmp_path, WHOLE).jobs
    assert (node.interval, node.timeout, node.body_limit) == (90, 0.5, 10 << 20)
    assert (files.interval, files.timeout) == (15, 10)
    assert node.http.credentials == Credentials(
        "Basic", Secret("u"), Secret(file=tmp_path / "secret")
    )
    found = Discovery().resolve(node)
    (target,) = found.active
    assert target.url == "http://h1:9100/m?module=a&module=b"
    assert target.labels == labels_of({"job": "node", "dc": "one", "instance": "h1:9100"})
    assert [dict(labels)["__address__"] for labels in found.dropped] == ["h2"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("scrape_configs:\n- job_nam: x\n", 2, r"'job_nam' \(did you mean job_name\?\)"),
        ("global:\n\n  scrape_interval: 5 s\n", 3, r"'5 s' is not a duration \(write it like"),
        ("scrape_configs:\n- metrics_path: /x\n", 2, "job_name is missing"),
        ("scrape_configs:\n- job_name: a\n- job_name: a\n", 3, "'a' is defined twice"),
        ("scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [http://x/m]\n", 4, "without a path"),
        ("scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: ['x:port']\n", 4, "no valid port"),
        ("scrape_configs:\n- job_name: a\n  scrape_interval: 1s\n  scrape_timeout: 2s\n", 2, "longer than"),
        ("scrape_configs:\n- job_name: a\n  relabel_configs:\n  - regex: '('\n    target_label: b\n", 4, "regexp"),
        ("scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: nope\n", 4, "unknown action"),
        ("scrape_configs:\n- job_name: a\n  honor_labels: maybe\n", 3, "expected true or false"),
        ("scrape_configs:\n- job_name: a\n  file_sd_configs:\n  - files: [x.txt]\n", 4, "must end in"),
        ("scrape_configs:\n- job_name: a\n  basic_auth: {}\n  bearer_token: x\n", 2, "give one of"),
        ("scrape_configs:\n- job_name: [a\n", 3, "not YAML"),
        ("scrape_configs:\n- job_name: a\n  oauth2: {}\n", 3, "'oauth2' is not supported"),
        ("scrape_configs:\n- job_name: a\n  consul_sd_configs: []\n", 3, "'consul_sd_configs' is not supported"),
        ("scrape_configs:\n- job_name: a\n  scrape_protocols: [Html]\n", 3, "unknown protocol 'Html'"),
        ("scrape_configs:\n- job_name: a\n  tls_config: {cert_file: x}\n", 3, "belong together"),
        ("scrape_configs:\n- job_name: a\n  tls_config: {min_version: TLS14}\n", 3, "unknown TLS version"),
        ("scrape_configs:\n- job_name: a\n  http_headers: {Host: {values: [x]}}\n", 3, "'Host' is set by other"),
        ("scrape_configs:\n- job_name: a\n  authorization: {type: Basic}\n", 3, "use basic_auth"),
        ("scrape_configs:\n- job_name: a\n  basic_auth: {password: x, password_file: y}\n", 3, "give one of password"),
        ("scrape_configs:\n- job_name: a\n  http_sd_configs:\n  - url: ftp://x\n", 4, "is not an address"),
        ("scrape_configs:\n- job_name: a\n  proxy_url: ftp://x\n", 3, "not a proxy's address"),
        ("global:\n  metric_name_validation_scheme: legacy\n", 2, "'legacy' is not supported"),
        ("scrape_configs: 7\n", 1, "expected a list"),
        ("- a\n", 1, "expected a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_stands(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'scrape.yml'}:{line}: ")


def test_jobs_inherit_what_global_says(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        """\
global:
  scrape_native_histograms: true
  sample_limit: 5
  label_limit: 6
  body_size_limit: 1MB
  target_limit: 3
  extra_scrape_metrics: true
scrape_configs:
- job_name: first
- job_name: second
  scrape_native_histograms: false
  sample_limit: 7
  scrape_protocols: [PrometheusText0.0.4]
""",
    ).jobs
    assert (first.limits.sample_limit, first.limits.label_limit) == (5, 6)
    assert (first.body_limit, first.target_limit, first.extra_metrics) == (1 << 20, 3, True)
    assert first.protocols[0] == "PrometheusProto"
    assert (second.limits.sample_limit, second.limits.label_limit) == (7, 6)
    assert second.protocols == ("PrometheusText0.0.4",)
    assert not second.native_histograms


def test_files_of_jobs_are_drawn_in(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.yml").write_text("scrape_configs:\n- job_name: drawn\n")
    settings = read(
        tmp_path, "scrape_config_files: [more/*.yml]\nscrape_configs:\n- job_name: own\n"
    )
    assert [job.name for job in settings.jobs] == ["own", "drawn"]
    (tmp_path / "more" / "a.yml").write_text("scrape_configs:\n- job_name: own\n")
    with pytest.raises(ConfigError, match=r"a\.yml:2: job 'own' is defined twice"):
        read(tmp_path, "scrape_config_files: [more/*.yml]\nscrape_configs:\n- job_name: own\n")


def test_an_empty_file_means_nothing_to_scrape(tmp_path: Path) -> None:
    assert read(tmp_path, "").jobs == ()


def test_a_wrong_target_file_leaves_the_last_good_one_in_force(tmp_path: Path) -> None:
    _, job = read(tmp_path, WHOLE).jobs
    discovery, listed = Discovery(), tmp_path / "more.yml"

    def urls() -> list[str]:
        return [target.url for target in discovery.resolve(job).active]

    assert urls() == []
    listed.write_text("- targets: [a:1]\n  labels: {x: y}\n")
    assert urls() == ["http://a:1/metrics"]
    listed.write_text("- target: [b:1]\n")
    assert urls() == ["http://a:1/metrics"]
    assert "more.yml:1: unknown field 'target'" in discovery.problems[str(listed)]
    listed.write_text("- targets: [b:1, c:2]\n")
    assert urls() == ["http://b:1/metrics", "http://c:2/metrics"]
    assert discovery.problems == {}
    listed.unlink()
    assert urls() == []


@pytest.mark.parametrize("given", ["http://me:hunter2@h:1/sd?x=a@b", "http://h:1/sd?x=a@b"])
def test_an_address_is_shown_without_its_password(given: str) -> None:
    assert HttpDiscovery(given).shown == "http://h:1/sd?x=a@b"
