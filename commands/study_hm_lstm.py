"""``tdgammon study hm-lstm``: layers that find segments, beside an LSTM of equal size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.options import Names, device_option, json_option, new_folder
from commands.study_end import put_out


class Decimals(click.ParamType):
    """One or several numbers, with commas between them."""

    name = "B[,B...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        try:
            return tuple(float(number) for number in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not numbers, like 0.1,-0.2", param, ctx)


@click.command("hm-lstm")
@click.option("--corpora", type=Names(), help="games, text.  [default: both]")
@click.option("--kinds", type=Names(), help="lstm, hm-lstm, hm-lstm annealed.  [default: all]")
@click.option("--seeds", type=int, metavar="N", help="Nets of each kind.  [default: 3]")
@click.option("--tokens", type=int, metavar="N", help="Read by each net.  [default: 2000000]")
@click.option("--width", type=int, metavar="W",
              help="Of the multiscale nets' layers.  [default: 64]")
@click.option("--games", type=int, metavar="N", help="Games to learn from.  [default: 12000]")
@click.option("--agent", metavar="AGENT", help="Who plays them.  [default: pubeval]")
@click.option("--text", type=click.Path(path_type=Path), metavar="PATH",
              help="A text file, or a folder of .txt.  [default: the King James text]")
@click.option("--boundary-bias", type=Decimals(), help="Of what finds boundaries, at first: one "
              "for all layers, or one for each but the top one.  [default: -0.2,0]")
@click.option("--layer-norm/--no-layer-norm", default=None,
              help="Of the multiscale nets' pre-activations.  [default: with]")
@click.option("--band", type=Decimals(), help="Rates of boundaries below and above which training "
              "costs more; 0,1: none.  [default: 0.1,0.3]")
@click.option("--nested/--not-nested", default=None,
              help="Whether segments end only where those of the layer below do.  "
              "[default: nested]")
@click.option("--seed", type=int, metavar="S", help="Of the first net.  [default: 1]")
@click.option("--quick", is_flag=True, help="Games only, small nets: less than a minute.")
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder of the study; one that is there is gone on with.")
@device_option
@json_option
def hm_lstm(
    quick: bool, text: Path | None, out: Path | None, device: str, as_json: bool, **settings: Any
) -> None:
    """Train multiscale LSTMs and LSTMs to tell the next token of games and of a text.

    Ctrl-C stops; the same command with --out goes on. The pictures are in the folder.
    """
    from agent.device import prepare
    from study.hm_lstm import run
    from study.hm_lstm_nets import Settings
    from study.hm_lstm_picture import pictures
    from ui.hm_lstm_study import as_text
    from ui.progress import bar
    from ui.stopping import StopFlag

    given = {name: value for name, value in settings.items() if value is not None}
    if text is not None:
        given["text"] = str(text)
    chosen = Settings.quick(**given) if quick else Settings(**given)
    folder = out or new_folder("hm-lstm")
    prepare(device)
    with StopFlag("nets that are ready are kept").catching() as stop, bar("study", 1) as advance:
        found = run(chosen, folder, progress=advance, stop=stop)
    put_out(found, folder, as_text(found), pictures(found), as_json)
