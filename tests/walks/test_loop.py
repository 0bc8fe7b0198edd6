"""The loop by REST alone, and by the command line alone, against the real example services."""

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
from tests.walks.demo import TEAM, Demo
from tests.walks.loop import Row, walk

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


class Rest:
    """Everybody comes in through the REST API, with a personal token."""

    def __init__(self, demo: Demo) -> None:
        self.clients = {
            who: httpx.Client(
                base_url=f"{demo.url}/api/v1/",
                headers={"Authorization": f"Bearer {demo.token(who)}"},
                timeout=30,
            )
            for who in TEAM
        }

    def act(self, who: str, name: str, on: str, **given: Any) -> Row:
        return self._json(self.clients[who].post(f"acts/{name}", json={"on": on, **given}))

    def answer(self, who: str, number: int, word: str, why: str) -> Row:
        body = {"word": word, "why": why}
        return self._json(self.clients[who].post(f"asks/{number}/answer", json=body))

    def asked(self, who: str) -> list[Row]:
        return list(self._json(self.clients[who].get("asks"))["asked"])

    def rows(self, who: str, collection: str) -> list[Row]:
        return list(self._json(self.clients[who].get(collection))[collection])

    def one(self, who: str, collection: str, key: str) -> Row:
        return self._json(self.clients[who].get(f"{collection}/{key}"))

    @staticmethod
    def _json(reply: httpx.Response) -> Row:
        assert reply.status_code < 500, reply.text[:2000]
        return dict(reply.json())


class CommandLine:
    """Everybody types `watchbill …`."""

    def __init__(self, demo: Demo) -> None:
        self.environment = {
            who: {**demo.environment, "WATCHBILL_TOKEN": demo.token(who)} for who in TEAM
        }

    def act(self, who: str, name: str, on: str, **given: Any) -> Row:
        words = [part for k, v in given.items() for part in (f"--{k.replace('_', '-')}", str(v))]
        return dict(self._run(who, "act", name, on, *words, "--json"))

    def answer(self, who: str, number: int, word: str, why: str) -> Row:
        return dict(self._run(who, "answer", str(number), word, "--why", why, "--json"))

    def asked(self, who: str) -> list[Row]:
        return list(self._run(who, "asks", "--json")["asked"])

    def rows(self, who: str, collection: str) -> list[Row]:
        return list(self._run(who, "show", collection, "--json"))

    def one(self, who: str, collection: str, key: str) -> Row:
        return dict(self._run(who, "show", collection, key, "--json"))

    def _run(self, who: str, *words: str) -> Any:
        ran = subprocess.run(
            [sys.executable, "-m", "watchbill", *words],
            env=self.environment[who], capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ran.stdout, (words, ran.stderr)
        return json.loads(ran.stdout)


@pytest.mark.parametrize("door", [Rest, CommandLine])
def test_the_whole_loop(demo: Demo, door: type) -> None:
    took = walk(demo, door(demo))
    for station, seconds in took.items():
        print(f"{door.__name__}: {station}: {seconds:.1f} s")
    assert took["fault to firing"] <= 30
