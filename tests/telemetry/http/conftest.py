"""One process with known data, for the tests that only ask."""

import time
from collections.abc import Iterator

import pytest
from tests.telemetry import bodies
from tests.telemetry.server_process import TOKEN, Telemetry, until

SECRET = "not-to-be-shown"


@pytest.fixture(scope="package")
def now() -> int:
    """The time, in Unix seconds, of the newest sample."""
    return int(time.time())


@pytest.fixture(scope="package")
def asked(tmp_path_factory: pytest.TempPathFactory, now: int) -> Iterator[Telemetry]:
    """A minute of `m{i="1…3"}` and of a name in UTF-8; it scrapes itself and something dead."""
    telemetry = Telemetry(tmp_path_factory.mktemp("asked"))
    address = telemetry.url.removeprefix("http://")
    (telemetry.folder / "scrape.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"- job_name: self\n  bearer_token: {TOKEN}\n"
        f"  static_configs: [{{targets: ['{address}']}}]\n"
        "- job_name: dead\n  scrape_interval: 1m\n"
        f"  basic_auth: {{username: u, password: {SECRET}}}\n"
        "  static_configs: [{targets: ['127.0.0.1:9', 'dropped:1']}]\n"
        "  relabel_configs: [{source_labels: [__address__], regex: 'dropped.*', action: drop}]\n"
    )
    telemetry.start()
    times = [(now - 60 + k) * 1000 for k in range(61)]
    written = telemetry.post("/api/v1/write", bodies.body(
        *(({"__name__": "m", "i": str(i)}, [(t, float(i * k)) for k, t in enumerate(times)])
          for i in (1, 2, 3)),
        ({"__name__": "http.requests", "http.status": 'a"b', "instance": "x"},
         [(t, 1.5) for t in times]),
    ))  # fmt: skip
    assert written.status_code == 204, written.text
    until(lambda: telemetry.query('up{job="self"} == 1'))
    yield telemetry
    telemetry.client.close()
    telemetry.stop()
