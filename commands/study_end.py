"""The end of a study that can be gone on with: pictures, tables, and how the command ends."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from commands.options import INTERRUPTED, print_json


def put_out(
    found: Mapping[str, Any], folder: Path, text: str, pictures: Mapping[str, Any], as_json: bool
) -> None:
    """Save the pictures of a study, print what it found, and end the program.

    Args:
        found: its result, whose ``stopped`` says whether it was ended before its end.
        folder: of the study; gets NAME.png of each picture, a figure of matplotlib by name.
        text: the tables.
        pictures: figures by name.
        as_json: print the result instead of the tables.
    """
    from agent.pictures import save_png

    for name, figure in pictures.items():
        save_png(figure, folder / f"{name}.png")
    if as_json:
        print_json(found)
    else:
        click.echo(text)
    click.echo(f"the study is in {folder}", err=True)
    sys.exit(INTERRUPTED if found["stopped"] else 0)
