"""``tdgammon export``: the nets as files for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import json_option, print_json

_FAILED = 1


@click.command()
@click.argument("agent")
@click.option("--to", "kind", type=click.Choice(["onnx", "savedmodel", "plain"]),
              default="onnx", show_default=True,
              help="What kind of file; a SavedModel is a folder.")
@click.option("--out", "path", type=click.Path(path_type=Path), required=True, metavar="PATH",
              help="Where it shall be.")
@click.option("--force", is_flag=True, help="Replace what is at PATH.")
@json_option
def export(agent: str, kind: str, path: Path, force: bool, as_json: bool) -> int:
    """Write the net of AGENT as a file that needs neither Python nor jax.

    The board goes in, int8[N, 2, 25]; five outcomes come out, float32[N, 5], and the equity. The
    file is checked against the net on 10,000 positions; one that differs by more than 1e-5 is
    deleted, with exit code 1. docs/embedding.md has more.
    """
    from agent.device import prepare
    from agent.export.files import CheckError
    from agent.export.files import export as to_file
    from ui.tables import export_table

    prepare("cpu")
    try:
        done = to_file(agent, kind, path, replace=force)
    except CheckError as error:
        click.echo(f"tdgammon: {error}", err=True)
        return _FAILED
    if as_json:
        print_json(done.as_json())
    else:
        click.echo(export_table(done))
    return 0
