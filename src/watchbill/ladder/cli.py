"""`watchbill duties`: every duty with what there is for it."""

import os
import sys

import click


@click.command("duties")
@click.option(
    "--check", is_flag=True, help="Leave with 1 where a duty has lost any part; say which."
)
def duties(check: bool) -> None:
    """List every duty of the shipped ladder with its acts and its page, or check that all have."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchbill.settings")
    import django

    django.setup()
    from watchbill.ladder import check as checks

    rows, lacking = checks.rows(), checks.lacking()
    if not check:
        for row in rows:
            click.echo(f"{row.key}  {', '.join(row.practised_by) or 'no act'}  on {row.page}")
        return
    for key, lost in lacking.items():
        click.echo(f"{key}: {'; '.join(lost)}")
    click.echo(f"{len(rows) - len(lacking)} of {len(rows)} duties have all their parts.")
    if lacking:
        sys.exit(1)


COMMANDS = [duties]
