"""``tdgammon serve``: another program drives an agent."""

from __future__ import annotations

import sys

import click

from commands.options import ply_option, seed_option


@click.command()
@click.argument("agent", default="pretrained")
@click.option("--protocol", type=click.Choice(["jsonl", "ubgi"]), required=True)
@ply_option
@seed_option
def serve(agent: str, protocol: str, ply: int | None, seed: int) -> None:
    """Let another program drive AGENT over standard input and output."""
    from agent import catalog
    from serve import jsonl, ubgi

    player = catalog.get(agent, ply)
    streams = sys.stdin.buffer, sys.stdout.buffer
    if protocol == "jsonl":
        jsonl.serve(player, *streams, seed=seed)
    else:
        ubgi.serve(player, *streams, version=_version(), seed=seed)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tdgammon")
    except PackageNotFoundError:
        return "0"
