"""The few statements by which many alerts are written at once, for SQLite and for PostgreSQL.

They run inside the caller's transaction. Rows are always taken in the order of their fingerprints,
so that two processes never wait for each other in a circle.
"""
# ruff: noqa: S608 - only names of columns are put into statements, never values

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection

from watchbill.alerts.models import Alert

_TABLE = Alert._meta.db_table
_TYPES = {
    "id": "bigint",
    "fingerprint": "text",
    "name": "text",
    "labels": "jsonb",
    "annotations": "jsonb",
    "severity": "text",
    "state": "text",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "received_at": "timestamptz",
    "generator_url": "text",
    "token_id": "bigint",
    "component_id": "bigint",
}
_NOBODYS = "taken_by_id = NULL, taken_at = NULL, closed_by_id = NULL, closed_at = NULL, cause = ''"


@dataclass(frozen=True)
class Row:
    """A row of the table, as far as merging looks at it."""

    id: int
    state: str
    starts_at: datetime | None
    ends_at: datetime | None


def known(keys: Sequence[str]) -> set[str]:
    """Which of these fingerprints have a row."""
    return {key for (key,) in _select("fingerprint", keys, "")}


def lock(keys: Sequence[str]) -> dict[str, Row]:
    """The rows of these fingerprints, locked until the transaction ends."""
    found = _select("fingerprint, id, state, starts_at, ends_at", keys, "FOR UPDATE")
    return {
        key: Row(number, state, _aware(starts), _aware(ends))
        for key, number, state, starts, ends in found
    }


def insert(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, except where somebody else has made one of that fingerprint meanwhile."""
    names = ", ".join(columns)
    _for_each(
        f"INSERT INTO {_TABLE} ({names}, version, cause) SELECT {names}, 0, ''"
        " FROM {given} AS given WHERE true ON CONFLICT (fingerprint) DO NOTHING",
        columns,
        rows,
    )


def update(columns: Sequence[str], rows: Sequence[tuple[Any, ...]], *, anew: bool) -> None:
    """Set columns of the rows with the `id` that stands last; `anew`: they are nobody's again."""
    sets = [f"{name} = given.{name}" for name in columns] + ([_NOBODYS] if anew else [])
    _for_each(
        f"UPDATE {_TABLE} SET {', '.join(sets)} FROM {{given}} AS given"
        f" WHERE {_TABLE}.id = given.id",
        [*columns, "id"],
        rows,
    )


def _select(columns: str, keys: Sequence[str], lock: str) -> list[tuple[Any, ...]]:
    statement = f"SELECT {columns} FROM {_TABLE} WHERE fingerprint "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{statement} = ANY(%s) ORDER BY fingerprint {lock}", [list(keys)])
        else:
            one_list = [json.dumps(list(keys))]
            cursor.execute(f"{statement} IN (SELECT value FROM json_each(%s))", one_list)
        return list(cursor.fetchall())


def _for_each(statement: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement for all rows: they stand in it as the table `{given}`."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_array_of(name)}[]" for name in names)
            picked = ", ".join(f"{name}::{_TYPES[name]} AS {name}" for name in names)
            given = f"(SELECT {picked} FROM unnest({arrays}) AS sent ({', '.join(names)}))"
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(statement.format(given=given), columns)
        else:
            # One statement, not one for each row: sqlite3 gives the interpreter lock away at each,
            # and in a busy web process it comes back late.
            picked = ", ".join(
                f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(names)
            )
            given = f"(SELECT {picked} FROM json_each(%s))"
            table = msgspec.json.encode([[_for_sqlite(value) for value in row] for row in rows])
            cursor.execute(statement.format(given=given), [table.decode()])


def _array_of(name: str) -> str:
    """JSON is sent as text: arrays of jsonb cannot be written from Python's lists."""
    return "text" if _TYPES[name] == "jsonb" else _TYPES[name]


def _for_sqlite(value: Any) -> Any:
    """Moments as Django's SQLite backend writes them."""
    return str(value.astimezone(UTC).replace(tzinfo=None)) if isinstance(value, datetime) else value


def _aware(moment: datetime | None) -> datetime | None:
    """SQLite gives moments without their zone, which is UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
