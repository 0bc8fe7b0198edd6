"""The command line of the mechanism: a client of the REST API, so it works from anywhere."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import httpx

from watchbill import settings

_NAME = re.compile(r"--[a-z]")  # a text may begin with `---`, as runbooks do


def _call(method: str, path: str, **more: Any) -> Any:
    """One call of the API. Prints what is wrong and leaves: 1 refused or impossible, 2 usage."""
    token = settings.CLI_TOKEN
    if not token:
        raise click.UsageError(
            "No token. Make one on your page (Your page → Tokens) and set WATCHBILL_TOKEN."
        )
    headers = {"Authorization": f"Bearer {token}", "X-Watchbill-Client": "cli"}
    try:
        reply = httpx.request(
            method, f"{settings.URL}/api/v1/{path}", headers=headers, timeout=30, **more
        )
    except httpx.HTTPError as error:
        raise click.ClickException(f"{settings.URL} does not answer: {error}") from None
    try:
        answer = reply.json()
    except ValueError:
        raise click.ClickException(f"{settings.URL} answered {reply.status_code}.") from None
    if reply.status_code >= 400 and "error" in answer:
        wrong = answer["error"]
        if isinstance(wrong, str):
            raise click.ClickException(wrong)
        where = f"{wrong['field']}: " if wrong.get("field") else ""
        raise click.ClickException(f"{where}{wrong['what']} {wrong.get('hint', '')}".strip())
    return answer


def _print(answer: Any, as_json: bool) -> None:
    if as_json or not isinstance(answer, dict):
        click.echo(json.dumps(answer, indent=2))
        return
    for name, value in answer.items():
        if value not in (None, "", [], {}):
            shown = value if isinstance(value, str) else json.dumps(value)
            click.echo(f"{name:12} {shown}")


def _tell(entry: dict[str, Any], as_json: bool) -> None:
    """Say what came of an act; refused leaves with 1."""
    if as_json:
        click.echo(json.dumps(entry, indent=2))
    elif entry["state"] == "done":
        click.echo(f"Done ({entry['mode']}): {entry['says']}")
        if made := entry["outcome"].get("ref"):
            click.echo(made)
        for name, value in entry.get("once", {}).items():
            click.echo(f"{name}: {value}")
    elif entry["state"] == "asked":
        click.echo(f"Asked, as {entry['id']}. {entry['reason']} {entry.get('instead', '')}")
    else:
        click.echo(f"{entry['state'].capitalize()}. {entry['reason']} {entry.get('instead', '')}")
    if entry["state"] == "refused":
        sys.exit(1)


@click.command("act", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("name")
@click.argument("on")
@click.option("--json", "as_json", is_flag=True, help="Print the ledger entry as JSON.")
@click.pass_context
def act(ctx: click.Context, name: str, on: str, as_json: bool) -> None:
    """Perform an act: NAME such as incidents.declare, ON such as catalog.component:checkout.

    Parameters follow as --name value; a name given twice makes a list; @file reads the value from
    a file. `watchbill acts NAME` tells the parameters.
    """
    body = {"on": on, **_parameters(ctx.args)}
    _tell(_call("POST", f"acts/{name}", json=body), as_json)


def _parameters(words: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not _NAME.match(word):
            raise click.UsageError(f"{word!r}: expected --name value")
        name, has_value, value = word[2:].replace("-", "_").partition("=")
        if has_value:
            value = word.partition("=")[2]
        elif rest and not _NAME.match(rest[0]):
            value = rest.pop(0)
        else:
            given[name] = True
            continue
        if value.startswith("@"):
            value = Path(value[1:]).read_text()
        if name in given:
            before = given[name]
            given[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            given[name] = value
    return given


@click.command("acts")
@click.argument("name", required=False)
def acts(name: str | None) -> None:
    """List every act, or tell one with its parameters."""
    for kind in _call("GET", "acts")["acts"]:
        if name is None:
            click.echo(f"{kind['act']:32} {kind['verb']:12} on {kind['on']}")
        elif kind["act"] == name:
            _print(kind, as_json=False)
            return
    if name is not None:
        raise click.ClickException(f"There is no act {name!r}.")


@click.command("may")
@click.argument("name")
@click.argument("on")
@click.option("--json", "as_json", is_flag=True)
def may(name: str, on: str, as_json: bool) -> None:
    """Tell whether you may do NAME on ON now, and why. Leaves with 1 where it would be refused."""
    answer = _call("GET", "may", params={"act": name, "on": on})
    _print(answer, as_json)
    if answer["effect"] == "refuse":
        sys.exit(1)


@click.command("asks")
@click.option("--json", "as_json", is_flag=True)
def asks(as_json: bool) -> None:
    """List the go-aheads that are asked of you, and what you wait for."""
    answer = _call("GET", "asks")
    if as_json:
        _print(answer, as_json)
        return
    for heading, entries in (("asked of you", "asked"), ("you wait for", "waiting")):
        for entry in answer[entries]:
            what = "; ".join(entry["outcome"].get("effect", []))
            asked = f"{entry['by']} {entry['act']} {entry['on']}"
            click.echo(f"{entry['id']:8} {heading}: {asked} {what}")


@click.command("answer")
@click.argument("number", type=int)
@click.argument("word", type=click.Choice(["go-ahead", "hold", "take-over", "withdraw"]))
@click.option("--why", default="", help="The reason; a hold needs one.")
@click.option("--json", "as_json", is_flag=True)
def answer(number: int, word: str, why: str, as_json: bool) -> None:
    """Answer the request NUMBER."""
    _tell(_call("POST", f"asks/{number}/answer", json={"word": word, "why": why}), as_json)


@click.command("show")
@click.argument("collection")
@click.argument("key", required=False)
@click.option("--where", multiple=True, help="A filter, as name=value.")
@click.option("--json", "as_json", is_flag=True)
def show(collection: str, key: str | None, where: tuple[str, ...], as_json: bool) -> None:
    """Read a collection (incidents, alerts, changes, …), or one thing in it."""
    if key is not None:
        _print(_call("GET", f"{collection}/{key}"), as_json)
        return
    params = dict(pair.partition("=")[::2] for pair in where)
    found = _call("GET", collection, params=params)[collection]
    if as_json:
        _print(found, as_json)
        return
    for row in found:
        words = [str(row[k]) for k in ("title", "name", "summary", "state", "status") if row.get(k)]
        click.echo(f"{row['ref']:36} {'  '.join(words)}")


@click.command("ledger")
@click.argument("ref", required=False)
@click.option("--by", help="Only what this person did.")
@click.option("--json", "as_json", is_flag=True)
def ledger(ref: str | None, by: str | None, as_json: bool) -> None:
    """Read the ledger, newest first: everything, or the timeline of REF."""
    params = {name: value for name, value in (("ref", ref), ("by", by)) if value}
    entries = _call("GET", "ledger", params=params)["entries"]
    if as_json:
        _print(entries, as_json)
        return
    for entry in entries:
        guide = f" with {entry['guide']}" if entry["guide"] else ""
        click.echo(f"{entry['at'][:19]} {entry['state']:9} {entry['by']}{guide} {entry['says']}")


COMMANDS = [act, acts, may, asks, answer, show, ledger]
