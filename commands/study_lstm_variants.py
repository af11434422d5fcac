"""``tdgammon study lstm-variants``: which parts of an LSTM cell matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.options import (
    Names,
    device_option,
    json_option,
    new_folder,
)
from commands.study_end import put_out


@click.command("lstm-variants")
@click.option("--variants", type=Names(), help="vanilla, nig, nfg, ...  [default: all nine]")
@click.option("--corpora", type=Names(), help="text, games.  [default: both]")
@click.option("--text", type=click.Path(path_type=Path), metavar="PATH",
              help="A text in UTF-8, or a folder of .txt files.  [default: the King James text]")
@click.option("--words", is_flag=True, default=None, help="Read words instead of characters.")
@click.option("--games", type=int, metavar="N", help="Games to learn from.  [default: 12000]")
@click.option("--agent", help="Who plays them.  [default: td-gammon]")
@click.option("--seeds", type=int, metavar="N", help="Runs of each variant.  [default: 3]")
@click.option("--width", type=int, metavar="W", help="Units of a layer.  [default: 64]")
@click.option("--epochs", type=int, metavar="N", help="[default: 10]")
@click.option("--tokens", type=int, metavar="N", help="Of an epoch.  [default: 280000]")
@click.option("--decay-after", type=int, metavar="N",
              help="Epochs before the rate is halved each time.  [default: 6]")
@click.option("--keep", type=float, metavar="P", help="What dropout leaves.  [default: 1]")
@click.option("--rate", type=float, metavar="A", help="[default: 1.0]")
@click.option("--seed", type=int, metavar="S", help="Of the first run.  [default: 1]")
@click.option("--quick", is_flag=True, help="Three variants on the text, within a minute.")
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder of the study; one that is there is gone on with.")
@device_option
@json_option
def lstm_variants(
    text: Path | None, quick: bool, out: Path | None, device: str, as_json: bool, **settings: Any
) -> None:
    """Train nine LSTM variants as language models, and compare their perplexities.

    They learn a text and backgammon games, under the settings of the paper. Ctrl-C stops; the same
    command with --out goes on. text.png and games.png in the folder are the pictures.
    """
    from agent.device import prepare
    from study.lstm_variants import Settings, run
    from study.lstm_variants_picture import pictures
    from ui.lstm_variants_study import as_text
    from ui.progress import bar
    from ui.stopping import StopFlag

    folder = out or new_folder("lstm-variants")
    given = {name: value for name, value in settings.items() if value is not None}
    if text is not None:
        given["text"] = str(text)
    chosen = Settings.quick(**given) if quick else Settings(**given)
    prepare(device)
    with StopFlag("finished runs are kept").catching() as stop, bar("study", 1) as advance:
        found = run(chosen, folder, progress=advance, stop=stop)
    put_out(found, folder, as_text(found), pictures(found), as_json)
