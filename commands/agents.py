"""``tdgammon agents``: what can play."""

from __future__ import annotations

import click

from commands.options import json_option, print_json


@click.command()
@json_option
def agents(as_json: bool) -> None:
    """List what can play, with its measured strength."""
    from dataclasses import asdict

    from agent import catalog
    from ui.tables import agents_table

    entries = catalog.entries()
    if as_json:
        print_json([asdict(entry) for entry in entries])
    else:
        click.echo(agents_table(entries))
