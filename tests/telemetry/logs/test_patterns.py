"""Templates found in log shapes of the field, and memory that stays bounded."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.logs import patterns
from watchbill.telemetry.logs.patterns import Miner

SECOND = 1_000_000_000
RNG = random.Random(7)


def hexed(bits: int = 64) -> str:
    return f"{RNG.getrandbits(bits):0{bits // 4}x}"


def address() -> str:
    return f"10.0.{RNG.randrange(9)}.{RNG.randrange(255)}"


SYSLOG = {
    "sshd[<_>]: Accepted publickey for deploy from <_> port <_> ssh2: ED25519 SHA256:<_>": lambda: (
        f"sshd[{RNG.randrange(30_000)}]: Accepted publickey for deploy from {address()} port "
        f"{RNG.randrange(60_000)} ssh2: ED25519 SHA256:{hexed()}"
    ),
    "systemd[<_>]: Started Session <_> of user deploy.": lambda: (
        f"systemd[1]: Started Session {RNG.randrange(999)} of user deploy."
    ),
    "kernel: [<_>] eth0: link down": lambda: f"kernel: [{RNG.random() * 999:.6f}] eth0: link down",
    "CRON[<_>]: (root) CMD (/usr/lib/backup --incremental)": lambda: (
        f"CRON[{RNG.randrange(30_000)}]: (root) CMD (/usr/lib/backup --incremental)"
    ),
    "dhclient[<_>]: DHCPACK of <_> from <_>": lambda: (
        f"dhclient[{RNG.randrange(999)}]: DHCPACK of {address()} from {address()}"
    ),
}
SHOP = {
    "order placed": lambda: {"order": RNG.randrange(10**6), "ms": RNG.randrange(900)},
    "payment taken": lambda: {"order": RNG.randrange(10**6), "amount": f"{RNG.random() * 99:.2f}"},
    "payment refused": lambda: {
        "order": RNG.randrange(10**6),
        "amount": f"{RNG.random() * 99:.2f}",
    },
    "cart updated": lambda: {"items": RNG.randrange(1, 9), "customer": hexed(32)},
    "slow query": lambda: {
        "table": RNG.choice(("orders", "carts")),
        "ms": RNG.randrange(900, 5_000),
    },
}


def counted(miner: Miner) -> dict[str, int]:
    return {pattern: sum(counts.values()) for pattern, counts in miner.patterns().items()}


def test_json_lines_of_an_application() -> None:
    """A template for each message: what it says stays, numbers and ids vary."""
    miner, sent = Miner(10), dict.fromkeys(SHOP, 0)
    for _ in range(3_000):
        message = RNG.choice(list(SHOP))
        sent[message] += 1
        line = {"time": "2026-03-03T02:41:00Z", "level": "info", "msg": message}
        miner.add(0, json.dumps(line | SHOP[message]() | {"request": hexed()}))
    found = counted(miner)
    assert len(found) <= 2 * len(SHOP)
    for message, count in sent.items():
        own = {pattern: n for pattern, n in found.items() if message in pattern}
        assert sum(own.values()) == count, message
    assert all('"request": "<_>"' in pattern for pattern in found)


def test_syslog() -> None:
    """Every line is counted by the template of its program and message."""
    miner, sent = Miner(10), dict.fromkeys(SYSLOG, 0)
    for _ in range(3_000):
        shape = RNG.choice(list(SYSLOG))
        sent[shape] += 1
        miner.add(0, SYSLOG[shape]())
    found = counted(miner)
    assert len(found) == len(SYSLOG)
    assert sorted(found.values()) == sorted(sent.values())
    assert "systemd[<_>]: Started Session <_> of user deploy." in found
    assert "CRON[<_>]: (root) CMD (/usr/lib/backup --incremental)" in found


def test_access_logs_of_nginx() -> None:
    """Few templates, by method and shape of the path, however many addresses and ids there are."""
    miner = Miner(10)
    agents = (
        "curl/8.5.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )
    for _ in range(3_000):
        path = RNG.choice(("/", "/cart", "/api/orders", f"/api/items/{RNG.randrange(5_000)}"))
        miner.add(0, (
            f'{address()} - - [03/Mar/2026:02:41:{RNG.randrange(60):02}] '
            f'"{RNG.choice(("GET", "POST"))} {path} HTTP/1.1" {RNG.choice((200, 404, 500))} '
            f'{RNG.randrange(60_000)} "-" "{RNG.choice(agents)}" {RNG.random():.3f}'
        ))  # fmt: skip
    found = counted(miner)
    assert sum(found.values()) == 3_000
    assert len(found) <= 24
    assert all(
        pattern.startswith("<_> - - [<_>/Mar/<_>]") or "Mar" not in pattern for pattern in found
    )


def test_what_varies_without_digits_varies_once_it_is_crowded() -> None:
    miner = Miner(10)
    names = [f"{a}{b}" for a in "abcdefgh" for b in "klmnopqr"]
    for name in names:
        miner.add(0, f"user {name} signed in")
        miner.add(0, f"user {name} signed out")
        miner.add(0, "disk sda is full")
    assert counted(miner) == {
        "user <_> signed in": 64, "user <_> signed out": 64, "disk sda is full": 64,
    }  # fmt: skip


def test_counts_are_told_over_time_and_scaled() -> None:
    miner = Miner(10)
    for second in (0, 9, 10, 25):
        miner.add(second * SECOND, "tick tock", 5)
    assert miner.patterns() == {"tick tock": {0: 10, 10: 5, 20: 5}}


def test_memory_is_bounded() -> None:
    miner = Miner(10)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(3 * patterns.MAX_TEMPLATES):
        word = "".join(letters[number // 26**k % 26] for k in range(5))
        miner.add(0, f"{word} {word} {word} {'.' * (number % 50)}")
    assert len(miner) <= patterns.MAX_TEMPLATES
    assert len(miner._leaves) <= patterns.MAX_TEMPLATES
    miner.add(0, "long " * 10**6)
    assert max(map(len, miner.patterns())) <= patterns.MAX_CHARACTERS * 2


@given(st.lists(st.text(max_size=40)))
def test_any_line_has_a_template_that_counts_it(lines: list[str]) -> None:
    miner = Miner(10)
    for line in lines:
        miner.add(0, line)
    assert sum(counted(miner).values()) == len(lines)
