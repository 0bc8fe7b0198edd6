"""Scraping real servers: what is asked, what is stored, and what a failure leaves behind."""

import json
import ssl
from pathlib import Path

import pytest
from tests.telemetry.intake.test_exposition_protobuf import NATIVE_PAGE
from tests.telemetry.scrape.world import World, certificate, serving

pytestmark = pytest.mark.server

GLOBAL = "global: {scrape_interval: 1s, scrape_timeout: 900ms}\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def job(address: str, *lines: str) -> str:
    """A configuration of one job and target."""
    return (
        f"{GLOBAL}scrape_configs:\n- job_name: j\n"
        + "".join(f"  {line}\n" for line in lines)
        + f"  static_configs: [{{targets: ['{address}']}}]\n"
    )


def test_asks_as_told_and_stores_the_page_with_its_report(world: World) -> None:
    (world.folder / "secret").write_text("s3cret\n")
    with serving() as target:
        target.pages["/m"] = b'# TYPE a gauge\na{x="1"} 1\ndropped 2\n'
        world.run(
            job(
                target.address,
                "metrics_path: /m", "params: {module: [x, y]}", "extra_scrape_metrics: true",
                "basic_auth: {username: u, password_file: secret}", "sample_limit: 9",
                "http_headers: {X-Team: {values: [one, two]}}", "enable_compression: false",
                "metric_relabel_configs: "
                "[{source_labels: [__name__], regex: drop.*, action: drop}]",
            ),
            lambda: world.samples("scrape_body_size_bytes"),
        )  # fmt: skip
        path, headers = target.seen[0]
    assert path == "/m?module=x&module=y"
    assert headers["Authorization"] == "Basic dTpzM2NyZXQ="
    assert headers["X-Prometheus-Scrape-Timeout-Seconds"] == "0.9"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Accept"].startswith("application/openmetrics-text;version=1.0.0")
    assert "X-Team" in headers
    own = (("instance", target.address), ("job", "j"))
    assert world.samples("a") == [((*own, ("x", "1")), 1.0)]
    expected = {
        "up": 1, "scrape_samples_scraped": 2, "scrape_samples_post_metric_relabeling": 1,
        "scrape_series_added": 1, "scrape_sample_limit": 9, "scrape_timeout_seconds": 0.9,
        "scrape_body_size_bytes": 36,
    }  # fmt: skip
    assert {name: world.samples(name) for name in expected} == {
        name: [(own, value)] for name, value in expected.items()
    }
    assert world.samples("dropped") == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sample_limit: 1", "2 samples exceed sample_limit 1"),
        ("label_limit: 3", "4 labels of 'b' exceed label_limit 3"),
        ("label_name_length_limit: 8", "a length of 9 in 'b' exceeds label_name_length_limit 8"),
        ("label_value_length_limit: 30", "a length of 40 in 'b' exceeds label_value_length_limit"),
        ("body_size_limit: 10B", "exceeds the limit of 10 bytes (body_size_limit)"),
        ("metrics_path: /none", "HTTP status 404"),
    ],
)
def test_a_page_beyond_a_limit_is_refused_whole(world: World, line: str, says: str) -> None:
    with serving() as target:
        target.pages["/metrics"] = b'a 1\nb{long_name="' + b"x" * 40 + b'"} 2\n'
        world.run(job(target.address, line), world.settled)
    [(health, error)] = world.states()
    assert health == "down"
    assert says in error
    assert world.values("up") == [0.0]
    assert world.samples("a") == world.samples("b") == []


def test_a_failed_scrape_ends_the_series_and_a_good_one_begins_them_again(world: World) -> None:
    with serving() as target:

        def flip() -> bool:
            if world.values("a") == [1.0]:
                target.status = 500
            return world.values("a") == ["stale"]

        world.run(job(target.address), flip)
        assert world.values("up") == [0.0]
        target.status = 200
        world.run(job(target.address), lambda: world.values("a") == [1.0])
    assert world.values("up") == [1.0]


def test_a_target_that_leaves_takes_its_report_along(world: World) -> None:
    with serving() as target:
        listed = world.folder / "targets.json"
        listed.write_text(json.dumps([{"targets": [target.address]}]))

        def leave() -> bool:
            if world.values("up") == [1.0]:
                listed.write_text("[]")
            return world.values("up") == ["stale"]

        world.run(
            f"{GLOBAL}scrape_configs:\n- job_name: j\n"
            "  file_sd_configs: [{files: [targets.json]}]\n",
            leave,
        )
    assert world.values("a") == ["stale"]


def test_too_many_targets_are_all_refused(world: World) -> None:
    with serving() as target:
        world.run(
            f"{GLOBAL}scrape_configs:\n- job_name: j\n  target_limit: 1\n"
            f"  static_configs: [{{targets: ['{target.address}', '127.0.0.1:9']}}]\n",
            lambda: world.settled() and len(world.states()) == 2,
        )
        assert target.seen == []
    assert world.values("up") == [0.0, 0.0]
    assert {error for _, error in world.states()} == {"2 targets exceed target_limit 1"}


def test_openmetrics_brings_exemplars(world: World) -> None:
    with serving() as target:
        target.kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        target.pages["/metrics"] = (
            b"# TYPE took histogram\n"
            b'took_bucket{le="1"} 3 # {trace_id="abc"} 0.5\ntook_bucket{le="+Inf"} 3\n# EOF\n'
        )
        world.run(job(target.address), lambda: len(world.stores.exemplars))
    assert {dict(labels)["le"] for labels, _ in world.samples("took_bucket")} == {"1.0", "+Inf"}


def test_native_histograms_are_asked_for_in_protobuf(world: World) -> None:
    with serving() as target:
        target.kind = (
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited"
        )
        target.pages["/metrics"] = NATIVE_PAGE
        world.run(job(target.address, "scrape_native_histograms: true"), world.settled)
        assert target.seen[0][1]["Accept"].startswith("application/vnd.google.protobuf")
    assert world.states() == [("up", "")]
    assert world.values("scrape_samples_scraped") == [2.0]


def test_http_discovery_follows_what_the_address_lists(world: World) -> None:
    with serving() as target, serving() as source:
        source.kind = "application/json"
        source.pages["/sd"] = json.dumps(
            [{"targets": [target.address], "labels": {"dc": "one"}}]
        ).encode()
        config = (
            f"{GLOBAL}scrape_configs:\n- job_name: j\n  http_sd_configs:\n"
            f"  - {{url: 'http://{source.address}/sd', refresh_interval: 1s, "
            "authorization: {credentials: token}}\n"
            "  relabel_configs: [{source_labels: [__meta_url], target_label: from}]\n"
        )

        def spoil() -> bool:
            if world.values("up") == [1.0]:
                source.pages["/sd"] = b'[{"target": []}]'
            return f"http://{source.address}/sd" in world.scraper.discovery.problems

        world.run(config, spoil)
        assert source.seen[0][1]["Authorization"] == "Bearer token"
        assert source.seen[0][1]["X-Prometheus-Refresh-Interval-Seconds"] == "1"
    [(labels, _)] = world.samples("up")
    assert dict(labels)["dc"] == "one"
    assert dict(labels)["from"] == f"http://{source.address}/sd"
    assert world.values("up") == [1.0], "the last good list stays in force"


def test_tls_is_checked_as_told(world: World) -> None:
    cert, key = certificate(world.folder, "target.test")
    own, own_key = certificate(world.folder, "scraper.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(own)
    context.verify_mode = ssl.CERT_REQUIRED
    mine = f"cert_file: {own.name}, key_file: {own_key.name}"

    def health(tls: str) -> tuple[str, str]:
        fresh = World(world.folder / str(len(list(world.folder.iterdir()))))
        for file in (cert, own, own_key):
            (fresh.folder / file.name).write_bytes(file.read_bytes())
        fresh.run(
            job(target.address, "scheme: https", f"tls_config: {{{tls}}}"),
            fresh.settled,
        )
        return fresh.states()[0]

    with serving(context) as target:
        assert health(f"ca_file: {cert.name}, server_name: target.test, {mine}") == ("up", "")
        assert health(f"insecure_skip_verify: true, {mine}") == ("up", "")
        down, error = health(f"ca_file: {cert.name}, server_name: other.test, {mine}")
        assert (down, "ostname mismatch" in error) == ("down", True)
        down, error = health(mine)
        assert (down, "self-signed" in error or "self signed" in error) == ("down", True)
        down, error = health(f"ca_file: {cert.name}, server_name: target.test")
        assert down == "down"


def test_files_that_are_drawn_in_may_come_and_go(world: World) -> None:
    with serving() as target:
        targets = f"static_configs: [{{targets: ['{target.address}']}}]"
        first, second = world.folder / "a.d.yml", world.folder / "b.d.yml"
        first.write_text(f"scrape_configs: [{{job_name: first, {targets}}}]\n")

        def jobs() -> set[str]:
            return {state.job.name for state in world.scraper.states.values()}

        def moved() -> bool:
            if jobs() == {"first"} and first.exists():
                second.write_text(f"scrape_configs: [{{job_name: second, {targets}}}]\n")
                first.unlink()
            return jobs() == {"second"}

        world.run(f"{GLOBAL}scrape_config_files: ['*.d.yml']\n", moved)
        assert world.scraper.config_error is None


def test_samples_that_are_refused_are_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with serving() as target:
        target.pages["/metrics"] = b"a 1 1000\nb 1\n"
        config = f"{GLOBAL}scrape_configs:\n- job_name: j\n  static_configs:\n"
        config += f"  - targets: ['{target.address}']\n"
        world.run(config, lambda: len(target.seen) > 2)
    assert world.values("b") == [1.0]
    told = [one.getMessage() for one in caplog.records if "not every sample" in one.getMessage()]
    assert len(told) == 1
    assert target.address in told[0]
