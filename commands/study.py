"""``tdgammon study``: what papers found of other nets, repeated, and asked of backgammon."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from commands.options import (
    INTERRUPTED,
    Names,
    Wholes,
    device_option,
    json_option,
    new_folder,
    print_json,
    refuse_given,
    seed_option,
)
from commands.study_contextual_rnn import contextual_rnn
from commands.study_hm_lstm import hm_lstm
from commands.study_lstm_variants import lstm_variants
from commands.study_numerai import numerai


@click.group()
def study() -> None:
    """Repeat what papers found of other nets, and ask the same of backgammon."""


for _command in (lstm_variants, hm_lstm, contextual_rnn, numerai):
    study.add_command(_command)


@study.command()
@click.option("--mnist", type=click.Path(path_type=Path), metavar="DIR",
              help="The four IDX files of MNIST.  [default: scikit-learn's digits]")
@click.option("--parts", type=Names(), help="contrast, depth, carry, tuned, conv.  [default: all]")
@click.option("--seeds", type=int, metavar="N", help="Nets of each kind.  [default: 3]")
@click.option("--steps", type=int, metavar="N", help="Batches of a net.  [default: 5000]")
@click.option("--conv-steps", type=int, metavar="N",
              help="Batches of the convolutional net.  [default: 600]")
@click.option("--seed", type=int, metavar="S", help="Of the first net.  [default: 1]")
@click.option("--quick", is_flag=True, help="Fewer steps and nets: about a minute on the digits.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the study.")
@device_option
@json_option
def highway(
    mnist: Path | None, quick: bool, out: Path | None, device: str, as_json: bool, **settings: Any
) -> None:
    """Train highway and plain nets of up to 1,000 layers to name digits.

    What is found so far is in the folder after each part.
    """
    from agent.device import prepare
    from agent.pictures import save_png
    from study import results
    from study.highway import Settings, Study, run
    from study.highway_picture import pictures
    from study.images import digits, read_idx
    from ui.highway_study import as_text
    from ui.progress import bar

    given = {name: value for name, value in settings.items() if value is not None}
    chosen = Settings.quick(**given) if quick else Settings(**given)
    images = digits() if mnist is None else read_idx(mnist)
    folder = out or new_folder("highway")
    results.begin(folder / "highway.json")
    prepare(device)

    def keep(study: Study) -> None:
        found = study.as_json()
        results.save(found, folder / "highway.json")
        for name, figure in pictures(found).items():
            save_png(figure, folder / f"{name}.png")

    with bar("study", 1) as advance:
        found = run(images, chosen, advance, keep).as_json()
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))
    click.echo(f"the study is in {folder}", err=True)


@study.command()
@click.option("--kinds", type=Names(), help="plain, highway, conv.  [default: all]")
@click.option("--depths", type=Wholes("D", "depths, like 3,20,50"), help="[default: 3,20,50]")
@click.option("--games", type=int, metavar="N", help="Of self-play, of each net.  [default: 15000]")
@click.option("--seeds", type=int, metavar="N", help="Nets of each kind and depth.  [default: 1]")
@click.option("--measure", "measure_games", type=int, metavar="N",
              help="Games against each opponent.  [default: 1000]")
@click.option("--width", type=int, metavar="W", help="Of the highway nets.  [default: 32]")
@click.option("--channels", type=int, metavar="C", help="Of the conv nets.  [default: 8]")
@click.option("--seed", type=int, metavar="S", help="Of the first net.  [default: 1]")
@click.option("--out", type=click.Path(path_type=Path),
              help="Folder of the study; one that is there is gone on with.")
@device_option
@json_option
def depth(out: Path | None, device: str, as_json: bool, **settings: Any) -> None:
    """Train value nets of several depths, and measure them.

    Plain, highway and convolutional highway nets learn from the same number of self-play games.
    Ctrl-C stops; the same command with --out goes on. depth.png in the folder is the picture.
    """
    from agent.device import fast_precision, prepare
    from agent.pictures import save_png
    from study.depth import Settings, run
    from study.depth_picture import picture
    from ui.depth_study import as_text
    from ui.progress import bar
    from ui.stopping import StopFlag

    folder = out or new_folder("depth")
    prepare(device, batch=Settings.batch)
    given = {name: value for name, value in settings.items() if value is not None}
    chosen = Settings(**{"precision": fast_precision(), **given})
    with StopFlag("what was learned is kept").catching() as stop, bar("study", 1) as advance:
        found = run(chosen, folder, progress=advance, stop=stop)
    if found["nets"]:
        save_png(picture(found), folder / "depth.png")
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))
    click.echo(f"the study is in {folder}", err=True)
    sys.exit(INTERRUPTED if found["stopped"] else 0)


@study.command()
@click.argument("agent", default="highway")
@click.option("--positions", type=click.Path(path_type=Path), metavar="FILE",
              help="Positions to look at, .jsonl or .jsonl.gz.  [default: its own games]")
@click.option("--games", type=click.IntRange(1), default=200, show_default=True, metavar="N",
              help="Games it plays with itself.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw them.")
@seed_option
@json_option
def gates(
    agent: str, positions: Path | None, games: int, png: Path | None, seed: int, as_json: bool
) -> None:
    """Show how far the transform gates of AGENT are open, layer by layer."""
    from agent import catalog
    from study.gates import gated, measure, of_file, played
    from ui.gates_study import as_text
    from ui.progress import bar

    player = gated(catalog.get(agent))
    if positions is None:
        with bar("games", games) as advance:
            found = measure(player, played(player, games, seed, advance))
    else:
        refuse_given("--positions plays no games", "games", "seed")
        found = measure(player, of_file(positions))
    if png is not None:
        from agent.pictures import save_png
        from study.gates_picture import picture

        save_png(picture(found), png)
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))
