"""``tdgammon study contextual-rnn``: what learned initial states are good for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.options import (
    Names,
    Wholes,
    device_option,
    json_option,
    new_folder,
)
from commands.study_end import put_out


@click.command("contextual-rnn")
@click.option("--parts", type=Names(), help="retrieval, curves, told, styles.  [default: all]")
@click.option("--seeds", type=int, metavar="N", help="Nets of each kind.  [default: 3]")
@click.option("--seed", type=int, metavar="S", help="Of the first net.  [default: 1]")
@click.option("--k", type=Wholes("K", "characters, like 4,8"),
              help="Retrieval: characters of the pairs.  [default: 4,8]")
@click.option("--epochs", "caps", type=Wholes("N", "epochs, like 40,30"),
              help="Retrieval: at most, for each k.  [default: 60,30]")
@click.option("--curve-epochs", type=int, metavar="N", help="Curves.  [default: 65]")
@click.option("--agent", metavar="NAME",
              help="Told: a contextual agent.  [default: contextual]")
@click.option("--games", type=int, metavar="N",
              help="Told: games of each contest.  [default: 4000]")
@click.option("--judged", type=int, metavar="N",
              help="Told: games of which positions are judged.  [default: 2000]")
@click.option("--style-agents", type=Names(),
              help="Styles: whose games.  [default: pubeval,random]")
@click.option("--style-games", type=int, metavar="N",
              help="Styles: games of each to learn from.  [default: 10000]")
@click.option("--style-steps", type=int, metavar="N",
              help="Styles: updates of a model.  [default: 1500]")
@click.option("--quick", is_flag=True, help="Curves by two small nets, within a minute.")
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder of the study; one that is there is gone on with.")
@device_option
@json_option
def contextual_rnn(
    parts: tuple[str, ...] | None, quick: bool, out: Path | None, device: str, as_json: bool,
    curve_epochs: int | None, style_agents: tuple[str, ...] | None, style_games: int | None,
    style_steps: int | None, **settings: Any,
) -> None:
    """Train recurrent nets whose initial states are zero, free or learned from a context.

    And measure what it is worth to a contextual agent to be told whom it plays against. What a run
    found is saved before the next begins. Ctrl-C stops; the same command with --out goes on.
    retrieval.png, curves.png, told.png and styles.png in the folder are the pictures.
    """
    from agent.device import prepare
    from study.contextual_rnn import PARTS, QUICK_PARTS, Settings, run
    from study.contextual_rnn_picture import pictures
    from ui.contextual_rnn_study import as_text
    from ui.progress import bar
    from ui.stopping import StopFlag

    of_parts = {"retrieval": {name: settings[name] for name in ("k", "caps", "seeds", "seed")},
                "curves": {"epochs": curve_epochs,
                           **{name: settings[name] for name in ("seeds", "seed")}},
                "told": {name: settings[name] for name in ("agent", "games", "judged", "seed")},
                "styles": {"agents": style_agents, "games": style_games, "steps": style_steps,
                           **{name: settings[name] for name in ("seeds", "seed")}}}
    given = {name: {key: value for key, value in of_parts[name].items() if value is not None}
             for name in PARTS}
    if quick:
        chosen = Settings.quick(parts or QUICK_PARTS, given)
    else:
        chosen = Settings(parts or tuple(PARTS), given)
    folder = out or new_folder("contextual-rnn")
    prepare(device)
    with StopFlag("finished runs are kept").catching() as stop, bar("study", 1) as advance:
        found = run(chosen, folder, progress=advance, stop=stop)
    put_out(found, folder, as_text(found), pictures(found), as_json)
