"""``tdgammon study numerai``: a forecasting competition's pipeline on positions of games."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.options import Names, device_option, json_option, new_folder
from commands.study_end import put_out


@click.command("numerai")
@click.option("--parts", type=Names(),
              help="adversarial, analysis, embeddings, ladder, search, agents.  [default: all]")
@click.option("--train", type=Names(), metavar="NAMES",
              help="Whose games the train positions are of: NAME, NAME@SHARE with so many random "
                   "plays, NAME@siblings behind plays not made.")
@click.option("--test", type=Names(), metavar="NAMES",
              help="Those of the test positions.  [default: pretrained]")
@click.option("--games", type=int, metavar="N", help="Of each of them.  [default: 3000]")
@click.option("--per-game", type=int, metavar="N", help="Positions of a game.  [default: 6]")
@click.option("--obfuscate", is_flag=True, default=None,
              help="Rotate what models see, so that nobody can tell what it means.")
@click.option("--rows", type=int, metavar="N",
              help="Positions that models of ladder and search are fitted to.  [default: 30000]")
@click.option("--seeds", type=int, metavar="N",
              help="Of adversarial validation and ladder.  [default: 3]")
@click.option("--trials", type=int, metavar="N", help="Of the search.  [default: 40]")
@click.option("--measure", type=int, metavar="N",
              help="Games of each agent against each opponent.  [default: 1000]")
@click.option("--seed", type=int, metavar="S", help="The first.  [default: 1]")
@click.option("--quick", is_flag=True, help="Few games and small models, in about a minute.")
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder of the study; one that is there is gone on with.")
@device_option
@json_option
def numerai(quick: bool, out: Path | None, device: str, as_json: bool, **settings: Any) -> None:
    """Foretell how games end, by an ensemble of classifiers, and let it play.

    Adversarial validation, pictures of the data, embeddings, a ladder of models, a search for
    settings, and the agents logistic, gbt, fm, pairwise and numerai as NAME.npz in the folder.
    Needs the extra numerai. Ctrl-C stops; the same command with --out goes on.
    """
    from agent.device import prepare
    from study.numerai.settings import Settings
    from study.numerai.study import run
    from study.numerai.study_picture import pictures
    from ui.numerai_study import as_text
    from ui.progress import bar
    from ui.stopping import StopFlag

    given = {name: value for name, value in settings.items() if value is not None}
    chosen = Settings.quick(**given) if quick else Settings(**given)
    folder = out or new_folder("numerai")
    prepare(device)
    with StopFlag("finished parts are kept").catching() as stop, bar("study", 1) as advance:
        found = run(chosen, folder, progress=advance, stop=stop)
    put_out(found, folder, as_text(found), pictures(found), as_json)
