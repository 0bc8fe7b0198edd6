"""The process as its peers meet it: tokens, intake, the API, configuration, crashes, full disks."""

import contextlib
import os
import shutil
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.telemetry import bodies
from tests.telemetry.server_process import READER, TOKEN, WRITER, Telemetry, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
KILLS = int(os.environ.get("KILLS", "3"))


def now_ms() -> int:
    return int(time.time() * 1000)


def test_tokens_open_what_their_scope_says(telemetry: Telemetry) -> None:
    def ask(method: str, path: str, authorization: str | None) -> int:
        headers = {"Authorization": authorization} if authorization else {}
        with httpx.Client(base_url=telemetry.url, trust_env=False) as client:
            return client.request(method, path, headers=headers).status_code

    assert ask("GET", "/-/healthy", None) == 200
    for path in ("/metrics", "/api/v1/query", "/api/v1/targets", "/api/v1/status/watchbill", "/x"):
        assert ask("GET", path, None) == 401
        assert ask("GET", path, "Bearer wrong") == 401
        assert ask("GET", path, f"Basic {READER}") == 401
        assert ask("GET", path, f"Bearer {WRITER}") == 403
    for path in ("/api/v1/write", "/api/v1/import"):
        assert ask("POST", path, f"Bearer {READER}") == 403
        assert ask("POST", path, f"Bearer {WRITER}") == 400
    assert ask("GET", "/metrics", f"Bearer {READER}") == 200
    for password, status in ((READER, 200), (WRITER, 403), ("wrong", 401), ("", 401)):
        basic = b64encode(f"anybody:{password}".encode()).decode()
        assert ask("GET", "/metrics", f"Basic {basic}") == status
    telemetry.write_tokens({TOKEN: ["query", "write"]})
    assert ask("GET", "/metrics", f"Bearer {READER}") == 401
    (telemetry.folder / "tokens.json").write_text("{")
    assert ask("GET", "/metrics", f"Bearer {TOKEN}") == 200
    assert telemetry.status()["tokenFileError"]


def test_takes_and_refuses_bodies_as_the_protocol_says(telemetry: Telemetry) -> None:
    t = now_ms()
    good = bodies.body(({"__name__": "m", "i": "1"}, [(t, 1.0)]))
    assert telemetry.post("/api/v1/write", good).status_code == 204
    assert telemetry.post("/api/v1/write", good).status_code == 204
    bad = telemetry.post("/api/v1/write", b"no snappy at all")
    assert (bad.status_code, bad.text != "") == (400, True)
    kind = "application/x-protobuf;proto=io.prometheus.write.v9.Request"
    assert telemetry.post("/api/v1/write", good, **{"Content-Type": kind}).status_code == 415
    assert telemetry.post("/api/v1/write", good, **{"Content-Encoding": "zstd"}).status_code == 415
    mixed = bodies.body(
        ({"__name__": "m", "i": "1"}, [(t - 700_000, 1.0)]),
        ({"__name__": "m", "i": "2"}, [(t, 2.0)]),
    )
    answer = telemetry.post("/api/v1/write", mixed)
    assert (answer.status_code, "out of order" in answer.text) == (400, True)
    assert [row["value"][1] for row in telemetry.query("sort(m)", time=t / 1000)] == ["1", "2"]


def test_answers_as_prometheus_does(telemetry: Telemetry) -> None:
    t = now_ms() // 1000 * 1000
    telemetry.post("/api/v1/write", bodies.body(
        ({"__name__": "m", "i": "1"}, [(t - 60_000 + k * 1000, float(k)) for k in range(61)]),
    ))  # fmt: skip
    get = telemetry.client.get
    seconds = t // 1000
    vector = get("/api/v1/query", params={"query": "m", "time": f"{seconds}.5"}).json()
    assert vector == {
        "status": "success",
        "data": {"resultType": "vector", "result": [
            {"metric": {"__name__": "m", "i": "1"}, "value": [seconds + 0.5, "60"]},
        ]},
    }  # fmt: skip
    matrix = telemetry.client.post("/api/v1/query_range", data={
        "query": "rate(m[10s])", "start": seconds - 2, "end": seconds, "step": "1s",
    }).json()  # fmt: skip
    assert matrix["data"]["result"] == [
        {"metric": {"i": "1"}, "values": [[seconds - k, "1"] for k in (2, 1, 0)]}
    ]
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    assert get("/api/v1/query", params={"query": "1+1", "time": iso}).json()["data"] == {
        "resultType": "scalar", "result": [seconds, "2"],
    }  # fmt: skip
    assert get("/api/v1/series", params={"match[]": '{i="1"}'}).json()["data"] == [
        {"__name__": "m", "i": "1"}
    ]
    assert "i" in get("/api/v1/labels").json()["data"]
    assert get("/api/v1/label/i/values").json()["data"] == ["1"]
    assert get("/api/v1/format_query", params={"query": "1 +1"}).json()["data"] == "1 + 1"
    assert get("/api/v1/status/buildinfo").json()["data"]["version"]
    until(lambda: "watchbill_telemetry_series" in get("/metrics").text)
    until(lambda: get("/api/v1/metadata").json()["data"].get("watchbill_telemetry_series"))


@pytest.mark.parametrize(
    ("path", "given", "status", "kind"),
    [
        ("query", {}, 400, "bad_data"),
        ("query", {"query": "up{"}, 400, "bad_data"),
        ("query", {"query": "up", "time": "yesterday"}, 400, "bad_data"),
        ("query", {"query": "up", "limit": "-1"}, 400, "bad_data"),
        ("query", {"query": "label_replace(up,'a','b','c','(')"}, 422, "execution"),
        ("query", {"query": "up", "timeout": "0"}, 503, "timeout"),
        ("query_range", {"query": "up", "start": "2", "end": "1", "step": "1"}, 400, "bad_data"),
        ("query_range", {"query": "up", "start": "1", "end": "1", "step": "0"}, 400, "bad_data"),
        (
            "query_range",
            {"query": "up", "start": "0", "end": "12000", "step": "1"},
            400,
            "bad_data",
        ),
        ("series", {}, 400, "bad_data"),
        ("series", {"match[]": "{"}, 400, "bad_data"),
    ],
)
def test_errors_have_prometheus_kinds(
    shared: Telemetry, path: str, given: dict[str, str], status: int, kind: str
) -> None:
    answer = shared.client.get(f"/api/v1/{path}", params=given)
    assert (answer.status_code, answer.json()["errorType"]) == (status, kind)
    assert answer.json()["status"] == "error"
    assert answer.json()["error"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    """One process for the tests that only ask."""
    telemetry = Telemetry(tmp_path_factory.mktemp("shared"), host=True).start()
    yield telemetry
    telemetry.client.close()
    telemetry.stop()


def test_the_machine_and_the_process_are_watched(shared: Telemetry) -> None:
    until(lambda: len(shared.query('up{job=~"host|watchbill"} == 1')) == 2)
    assert shared.query("node_memory_MemAvailable_bytes > 0")
    assert shared.query('process_resident_memory_bytes{job="watchbill"} > 0')


def test_scrapes_and_says_when_a_target_is_lost(telemetry: Telemetry) -> None:
    scrape, listed = telemetry.folder / "scrape.yml", telemetry.folder / "targets.json"
    address = telemetry.url.removeprefix("http://")
    listed.write_text(f'[{{"targets": ["{address}", "127.0.0.1:9"], "labels": {{"x": "y"}}}}]')
    scrape.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: self\n"
        f"  bearer_token: {TOKEN}\n  file_sd_configs: [{{files: [targets.json]}}]\n"
    )
    until(lambda: len(telemetry.query('up{job="self",x="y"}')) == 2)
    until(
        lambda: (
            [row["metric"]["instance"] for row in telemetry.query("up{job='self'} == 1")]
            == [address]
        )
    )
    asked = {"scrapePool": "self"}
    answer = telemetry.client.get("/api/v1/targets", params=asked).json()
    targets = answer["data"]["activeTargets"]
    assert {one["health"] for one in targets} == {"up", "down"}
    scrape.write_text("scrape_configs:\n- job_name: self\n  metrics_paht: /x\n")
    problem = until(lambda: telemetry.status()["scrapeConfigError"])
    assert "scrape.yml:3: unknown field 'metrics_paht' (did you mean metrics_path?)" in problem
    assert telemetry.query("up{job='self'} == 1"), "the old version stays in force"
    listed.write_text("[]")
    until(lambda: not telemetry.query("{job='self'}"))


def test_a_kill_in_the_middle_of_everything_loses_nothing_acknowledged(
    telemetry: Telemetry,
) -> None:
    """Writers go on over `KILLS` kills; every sample that got its 204 must be there at the end."""
    acknowledged: dict[str, list[int]] = {"0": [], "1": []}
    stopping = threading.Event()

    def write(writer: str, history: bool) -> None:
        t = now_ms() - (3 * 3_600_000 if history else 0)
        path = "/api/v1/import" if history else "/api/v1/write"
        while not stopping.is_set():
            t += 1
            batch = bodies.body(*(
                ({"__name__": "m", "writer": writer, "i": str(i)}, [(t, float(t))])
                for i in range(50)
            ))  # fmt: skip
            try:
                if telemetry.post(path, batch).status_code == 204:
                    acknowledged[writer].append(t)
            except httpx.TransportError:
                time.sleep(0.02)

    writers = [threading.Thread(target=write, args=(w, w == "1")) for w in acknowledged]
    for thread in writers:
        thread.start()
    for _ in range(KILLS):
        counts = {writer: len(times) for writer, times in acknowledged.items()}
        until(lambda counts=counts: all(
            len(times) > counts[writer] + 20 for writer, times in acknowledged.items()
        ))  # fmt: skip
        telemetry.kill()
        telemetry.start()
    stopping.set()
    for thread in writers:
        thread.join()
    for writer, times in acknowledged.items():
        rows = telemetry.query(f'm{{writer="{writer}"}}[5h]')
        assert len(rows) == 50
        for row in rows:
            stored = {int(float(value)) for _, value in row["values"]}
            assert stored >= set(times)


def test_stops_quickly_with_requests_open_and_keeps_what_it_had(telemetry: Telemetry) -> None:
    telemetry.post("/api/v1/write", bodies.body(({"__name__": "m"}, [(now_ms(), 7.0)])))

    def ask_for_much() -> None:
        with contextlib.suppress(httpx.TransportError):
            telemetry.client.get(
                "/api/v1/query", params={"query": "sum_over_time(vector(1)[10000s:1ms])"}
            )

    asking = [threading.Thread(target=ask_for_much) for _ in range(4)]
    for thread in asking:
        thread.start()
    time.sleep(0.3)
    status, seconds = telemetry.stop()
    for thread in asking:
        thread.join()
    assert status == 0, telemetry.log.read_text()[-2000:]
    assert seconds < 5  # it takes half a second on a machine that has nothing else to do
    telemetry.start()
    assert [row["value"][1] for row in telemetry.query("m")] == ["7"]


def test_a_second_process_on_the_same_folder_is_refused(
    telemetry: Telemetry, make_telemetry: Callable[..., Telemetry]
) -> None:
    with pytest.raises(AssertionError, match="another telemetry process uses"):
        make_telemetry(telemetry.data).start()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or "mount"
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_and_recovers(
    small_disk: Path, make_telemetry: Callable[..., Telemetry]
) -> None:
    telemetry = make_telemetry(small_disk / "data").start()
    t = now_ms() - 500_000

    def write(second: int) -> httpx.Response:
        return telemetry.post("/api/v1/write", bodies.body(*(
            ({"__name__": "m", "i": str(i)}, [(t + second * 1000, float(second))])
            for i in range(1000)
        )))  # fmt: skip

    (small_disk / "ballast").write_bytes(bytes(6 << 20))
    acknowledged = []
    for second in range(400):
        answer = write(second)
        if answer.status_code != 204:
            break
        acknowledged.append(second)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert telemetry.status()["diskFull"] is True
    assert telemetry.query("count(m)", time=t / 1000 + 1), "what was taken can still be read"
    (small_disk / "ballast").unlink()
    until(lambda: write(401).status_code == 204)
    acknowledged.append(401)
    assert telemetry.status()["diskFull"] is False
    telemetry.kill()
    telemetry.start()
    rows = telemetry.query("m{i='999'}[10m]", time=t / 1000 + 401)
    assert {int(value) for _, value in rows[0]["values"]} >= {str(s) and s for s in acknowledged}


def test_a_torn_log_costs_its_end_and_is_told(telemetry: Telemetry) -> None:
    t = now_ms()
    for k in range(3):
        body = bodies.body(({"__name__": "m", "i": str(k)}, [(t, float(k))]))
        assert telemetry.post("/api/v1/write", body).status_code == 204
    assert telemetry.client.get("/-/ready").text == "Watchbill telemetry is ready.\n"
    telemetry.kill()
    newest = max((telemetry.data / "wal").glob("*.wal"), key=lambda path: path.stat().st_size)
    os.truncate(newest, newest.stat().st_size - 1)
    telemetry.start()
    told = telemetry.client.get("/-/ready").text
    assert f"Lost: write-ahead log, {newest.name}" in told
    assert len(telemetry.query("m")) >= 2
    body = bodies.body(({"__name__": "m", "i": "after"}, [(t, 1.0)]))
    assert telemetry.post("/api/v1/write", body).status_code == 204


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, make_telemetry: Callable[..., Telemetry]
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    with pytest.raises(AssertionError, match=r"blocked/data/lock cannot be written: Not a dir"):
        make_telemetry(blocked / "data").start()


def test_damaged_data_stops_the_start_with_a_clear_message(telemetry: Telemetry) -> None:
    telemetry.stop()
    (telemetry.data / "chdb").rename(telemetry.data / "gone")
    with pytest.raises(AssertionError, match="is missing although it was made before"):
        telemetry.start()


def test_lines_pushed_to_loki_s_address_are_found_and_outlive_a_kill(telemetry: Telemetry) -> None:
    push = {"streams": [{"stream": {"app": "shop"}, "values": [
        [str(now_ms() * 1_000_000 + k), f"line {k}"] for k in range(5)
    ]}]}  # fmt: skip
    assert telemetry.client.post("/loki/api/v1/push", json=push).status_code == 204
    refused = telemetry.client.post("/loki/api/v1/push", json={"streams": 1})
    assert refused.status_code == 400

    def ask(query: str) -> list[list[str]]:
        answer = telemetry.client.get("/loki/api/v1/query_range", params={"query": query}).json()
        return [value for stream in answer["data"]["result"] for value in stream["values"]]

    telemetry.kill()
    telemetry.start()
    assert [line for _, line in ask('{app="shop"} != "3"')] == [
        "line 4",
        "line 2",
        "line 1",
        "line 0",
    ]
    until(lambda: telemetry.status()["logs"]["held"] == 0)
    assert ask('{app="shop"} |~ "[12]$"') == push["streams"][0]["values"][2:0:-1]
    wrong = telemetry.client.get("/loki/api/v1/query_range", params={"query": "{app=shop}"})
    assert wrong.status_code == 400


def test_a_query_ends_when_its_client_goes(telemetry: Telemetry) -> None:
    """Both query threads are taken by clients that leave; the next one is served all the same."""
    heavy = " + ".join(["sum_over_time(vector(1)[2000s:1ms])"] * 200)
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            telemetry.client.get("/api/v1/query", params={"query": heavy}, timeout=0.5)
    began = time.monotonic()
    light = telemetry.client.get("/api/v1/query", params={"query": "1"}, timeout=60)
    assert light.status_code == 200
    assert time.monotonic() - began < 10
