"""``tdgammon refine``: make a trained net stronger, by targets without the luck of the dice."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from commands.options import (
    Wholes,
    checkpoint_seconds_option,
    device_option,
    json_option,
    measure_option,
    new_folder,
    out_option,
    print_json,
    resume_option,
)


@click.command()
@click.argument("agent", required=False)
@click.option("--games", type=click.IntRange(1), metavar="N", help="Refine until N games in all.")
@click.option("--minutes", type=float, metavar="M", help="Refine for M minutes.")
@click.option("--hidden", type=Wholes("H", "a width or widths, like 80 or 256,128"),
              help="Larger: its layers, and more that repeat the width before them.")
@click.option("--prune", metavar="AGENT",
              help="Whose quick net knows the luck of rolls and likely plays.  "
                   "[default: td-gammon]")
@click.option("--prune-within", type=float, metavar="E",
              help="Points a likely play may be behind its best.  [default: 0.12]")
@click.option("--lambda", "lam", type=float, metavar="L",
              help="Weight of what later plies say, 0 to 1.  [default: 0.7]")
@click.option("--alpha", type=float, metavar="A", help="First step size.  [default: 0.0005]")
@click.option("--alpha-end", type=float, metavar="A", help="Last step size.  [default: 0.00001]")
@click.option("--alpha-games", type=int, metavar="N", help="Games to get there.  [default: 100000]")
@click.option("--batch", type=int, metavar="B", help="Games played at once.  [default: 256]")
@click.option("--plies", type=int, metavar="T",
              help="Plies of each game between two rounds of learning.  [default: 16]")
@click.option("--store", type=int, metavar="N",
              help="Positions kept to learn from.  [default: 262144]")
@click.option("--reuse", type=int, metavar="N",
              help="How often each is learned from.  [default: 4]")
@click.option("--sample", type=int, metavar="N",
              help="Positions learned from at a time.  [default: 1024]")
@click.option("--explore", type=float, metavar="P",
              help="Share of plays that are the best but for noise.  [default: 0.2]")
@click.option("--explore-within", type=float, metavar="E",
              help="Up to so many points of noise.  [default: 0.1]")
@click.option("--races", type=float, metavar="P", help="Share of races played out.  "
              "[default: 0.25]")
@click.option("--keep", type=float, metavar="K",
              help="What the mean that plays keeps of itself at every change.  [default: 0.999]")
@click.option("--equity-weight", type=float, metavar="W",
              help="Of the equity's error beside those of the outcomes.  [default: 0.5]")
@click.option("--precision", metavar="NAME",
              help="In which plays are looked for: float32 or bfloat16.  [default: float32]")
@click.option("--seed", type=int, metavar="S", help="Of everything random.  [default: 1]")
@out_option
@resume_option
@checkpoint_seconds_option
@measure_option
@device_option
@json_option
def refine(
    agent: str | None,
    games: int | None,
    minutes: float | None,
    out: Path | None,
    resume: Path | None,
    checkpoint_seconds: float,
    measure: int,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Refine the net of AGENT by self-play, its targets freed of the luck of the dice.

    AGENT is the name of a network that `tdgammon agents` lists, a .npz file or a run's folder.
    Without --games or --minutes: 100,000 games. Ctrl-C stops with a checkpoint; --resume goes on.
    """
    from agent.device import prepare
    from agent.errors import AgentError
    from agent.refiner import RefineConfig, refined_agent
    from agent.run import Goal, open_folder
    from agent.starting import pruning_agent
    from ui.train_progress import follow

    chosen = {name: value for name, value in settings.items() if value is not None}
    if games is None and minutes is None:
        games = 100_000
    goal = Goal(games, minutes)
    if resume is not None:
        if out is not None:
            raise AgentError("give either --out or --resume: a resumed run stays in its folder")
        if agent is not None:
            raise AgentError("give either an agent or --resume: the run holds its net")
        if os.path.isfile(resume):
            raise AgentError(f"{resume}: give --resume the folder of the run, not a file")
        from agent.checkpoint import load
        from agent.training import check_unchanged

        config = RefineConfig.from_json(load(resume, with_run=True).meta["config"])
        check_unchanged(config.as_json(), chosen)
        folder = resume
        where = prepare(device)
    else:
        if agent is None:
            raise AgentError("name the agent to refine, as pretrained, or a run to --resume")
        if "alpha" in chosen:
            chosen.setdefault("alpha_end", chosen["alpha"] / 50)
        folder = out or new_folder("refine")
        where = prepare(device)
        config = RefineConfig(init=agent, **chosen)
        # An error now leaves no folder behind.
        refined_agent(config), pruning_agent(config)
        open_folder(folder)
    finished = follow(config, folder, goal, where, resume is not None, measure, quiet=as_json,
                      save_seconds=checkpoint_seconds)
    number = finished.pop("signal")
    if as_json:
        print_json(finished)
    sys.exit(128 + number if number else 0)
