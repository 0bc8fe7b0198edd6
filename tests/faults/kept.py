"""What the database and the receivers hold at the end, held against what was acknowledged."""

import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from tests.walks.demo import Demo

Told = tuple[str, str]  # a page by its number, and whether it was called or ended


class Database:
    """Read-only, beside the running processes."""

    def __init__(self, data: Path) -> None:
        self.file = f"file:{data / 'watchbill.sqlite3'}?mode=ro"

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, uri=True, timeout=20)) as database:
            return database.execute(sql, values).fetchall()

    def count(self, sql: str, *values: Any) -> int:
        return int(self.rows(f"SELECT count(*) FROM {sql}", *values)[0][0])

    def settled(self) -> bool:
        """Nothing is waiting to be processed or sent."""
        return not (
            self.count("alerts_change WHERE processed_at IS NULL")
            or self.count("paging_delivery WHERE done_at IS NULL")
        )


def received(demo: Demo) -> dict[str, dict[Told, list[bool]]]:
    """By channel and page, in the order of arrival: whether each copy says that it is a repeat."""
    by_mail: dict[Told, list[bool]] = defaultdict(list)
    for mail in demo.inbox.mail:
        page = re.search(rb"/page/(\d+)/", mail.get_payload(decode=True))
        assert page, mail.as_string()
        marked = mail["X-Watchbill-Repeat"] == "yes"
        kind = "ended" if str(mail["Subject"]).startswith("Resolved") else "page"
        by_mail[page[1].decode(), kind].append(marked)
    by_hook: dict[Told, list[bool]] = defaultdict(list)
    for headers, body in demo.hook.got:
        said = msgspec.json.decode(body)
        marked = headers["x-watchbill-repeat"] == "yes"
        assert marked is said["repeat"]
        kind = "ended" if said["type"] == "page.ended" else "page"
        by_hook[str(said["data"]["page"]), kind].append(marked)
    return {"email": by_mail, "webhook": by_hook}


def unmarked(copies: dict[Told, list[bool]]) -> list[Told]:
    """Of what arrived more than once: whatever has a later copy without the mark."""
    return [told for told, marks in copies.items() if not all(marks[1:])]
