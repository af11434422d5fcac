"""``tdgammon train``: learn by self-play."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import (
    Names,
    Wholes,
    checkpoint_seconds_option,
    cluster_options,
    device_option,
    json_option,
    measure_option,
    new_folder,
    out_option,
    print_json,
    resume_option,
)

if TYPE_CHECKING:
    from agent.cluster import Cluster
    from agent.config import TrainConfig
    from agent.place import Place


@click.command()
@click.option("--games", type=click.IntRange(1), metavar="N", help="Train until N games in all.")
@click.option("--minutes", type=float, metavar="M", help="Train for M minutes.")
@click.option("--net", metavar="NAME",
              help="mlp, highway, conv, lstm, hm-lstm or contextual.  [default: mlp]")
@click.option("--hidden", type=Wholes("H", "a width or widths, like 80 or 256,128"),
              help="Widths of the hidden layers of an mlp.  [default: 80]")
@click.option("--activation", metavar="NAME",
              help="Of hidden units: sigmoid or relu, in highway and conv relu, tanh or sigmoid.")
@click.option("--layers", type=int, metavar="L",
              help="Of a stack.  [default: 5 of highway and conv, 1 of lstm, 3 of hm-lstm]")
@click.option("--width", type=int, metavar="W",
              help="Of a stack's layers and of cells, or a conv net's dense one.  [default: 64]")
@click.option("--gated/--plain", default=None, help="Highway layers, or plain ones of their size.")
@click.option("--carry-bias", type=float, metavar="B",
              help="Of highway gates at first: below 0 carries more.  [default: -1]")
@click.option("--channels", type=int, metavar="C", help="Of a conv net.  [default: 16]")
@click.option("--kernel", type=int, metavar="K", help="Points its units see.  [default: 3]")
@click.option("--dilation", type=Wholes("D", "a dilation or dilations, like 2 or 1,2,4"),
              help="Of its stack's layers in turn.  [default: 1]")
@click.option("--head", metavar="NAME", help="What its dense layer is given: flat or mean.")
@click.option("--variant", metavar="NAME",
              help="Of an lstm: vanilla, nig, nfg, nog, niaf, noaf, np, cifg or fgr.")
@click.option("--slope", type=float, metavar="A",
              help="Of an hm-lstm's boundaries' sigmoid.  [default: 1]")
@click.option("--boundary-bias", type=float, metavar="B",
              help="Of these at first: above 0 more of them.  [default: 0.4]")
@click.option("--layer-norm/--no-layer-norm", default=None, help="Of an hm-lstm.  [default: with]")
@click.option("--cell", metavar="NAME",
              help="Of a contextual net: lstm or fast-weights.  [default: lstm]")
@click.option("--initial", metavar="NAME",
              help="Its first memory: learned, zero or free.  [default: learned]")
@click.option("--opponents", type=Names(),
              help="Whom it learns to know beside itself.  [default: random,pubeval]")
@click.option("--forget", type=float, metavar="P",
              help="How likely a net that remembers loses its memory each ply.  [default: 0.02]")
@click.option("--features", metavar="NAME", help="Inputs of the net.  [default: tesauro198-v1]")
@click.option("--init", metavar="AGENT", help="Start from the parameters of this agent.")
@click.option("--prune", metavar="AGENT", help="Look only at plays this agent's net thinks likely.")
@click.option("--prune-within", type=float, metavar="E",
              help="Points a likely play may be behind its best.  [default: 0.16]")
@click.option("--explore", type=float, metavar="P",
              help="In half of the games up to this share of plays is made at random.")
@click.option("--bearoff", is_flag=True, default=None, help="Learn the bear-off from its tables.")
@click.option("--lambda", "lam", type=float, metavar="L", help="Decay of the traces, 0 to 1.")
@click.option("--lambda-end", "lam_end", type=float, metavar="L", help="Its value at the end.")
@click.option("--lambda-games", "lam_games", type=int, metavar="N", help="Games to get there.")
@click.option("--alpha", type=float, metavar="A", help="First step size.")
@click.option("--alpha-end", type=float, metavar="A", help="Last step size.")
@click.option("--alpha-games", type=int, metavar="N", help="Games to get there.")
@click.option("--optimizer", metavar="NAME", help="adam, or sgd: TD(lambda) as published.")
@click.option("--batch", type=int, metavar="B", help="Games played at once.")
@click.option("--plies", type=int, metavar="T", help="Plies of each game between two updates.")
@click.option("--average", type=float, metavar="F", help="Share of the run the mean looks back.")
@click.option(
    "--precision",
    metavar="NAME",
    help="In which plays are looked for: float32 or bfloat16.  [default: what is fast here]",
)
@click.option("--seed", type=int, metavar="S", help="Of everything random.  [default: 1]")
@out_option
@resume_option
@click.option("--go-on", is_flag=True,
              help="Go on with the run in --out, if there is one; else begin it.")
@checkpoint_seconds_option
@measure_option
@cluster_options
@device_option
@json_option
def train(
    games: int | None,
    minutes: float | None,
    out: Path | None,
    resume: Path | None,
    go_on: bool,
    checkpoint_seconds: float,
    measure: int,
    device: str,
    as_json: bool,
    place: Place | None,
    **settings: Any,
) -> None:
    """Train a net by self-play, TD(lambda).

    Without --games or --minutes: 50,000 games. Ctrl-C stops with a checkpoint; --resume goes on.
    """
    from agent.cluster import joined
    from agent.run import Goal
    from ui.train_progress import follow

    chosen = {name: value for name, value in settings.items() if value is not None}
    goal = Goal(50_000 if games is None and minutes is None else games, minutes)
    with joined(place, with_jax=True) as cluster:
        run = _Run(chosen, out, resume, go_on)
        where = run.settle(cluster, device)
        finished = follow(run.config, run.folder, goal, where, run.resumes, measure, quiet=as_json,
                          save_seconds=checkpoint_seconds, cluster=cluster)
    number = finished.pop("signal")
    if as_json and cluster.first:
        print_json(finished)
    sys.exit(128 + number if number else 0)


class _Run:
    """Which run it is: ``config``, ``folder``, and whether one in that folder is gone on with."""

    config: TrainConfig
    folder: Path
    resumes: bool

    def __init__(
        self, chosen: dict[str, Any], out: Path | None, resume: Path | None, go_on: bool
    ) -> None:
        from agent.checkpoint import FILE_NAME
        from agent.errors import AgentError

        if resume is not None and out is not None:
            raise AgentError("give either --out or --resume: a resumed run stays in its folder")
        if go_on and out is None:
            raise AgentError("--go-on needs --out, the folder of the run")
        if resume is not None and os.path.isfile(resume):
            raise AgentError(f"{resume}: give --resume the folder of the run, not a file")
        if go_on and out is not None and os.path.exists(out / FILE_NAME):
            resume = out
        self._chosen = chosen
        self.resumes = resume is not None
        self.folder = resume or out or new_folder()

    def settle(self, cluster: Cluster, device: str) -> str:
        """Settle the configuration, prepare jax and return what it computes on.

        Of several processes the first one reads and makes the folder, and says the configuration.
        """
        from agent.config import TrainConfig
        from agent.device import prepare
        from agent.shares import rows

        if cluster.first:
            self._configure()
        said = cluster.broadcast(_as_bytes(self.config.batch) if cluster.first else b"")
        batch = rows(json.loads(said), cluster)
        where = prepare(device, batch=batch.stop - batch.start)
        if cluster.first and not self.resumes:
            self._begin()
        plan = [self.resumes, self.config.as_json()] if cluster.first else None
        self.resumes, config = json.loads(cluster.broadcast(_as_bytes(plan)))
        if not cluster.first:
            self.config = TrainConfig.from_json(config)
        return where

    def _configure(self) -> None:
        from agent.config import TrainConfig
        from agent.nets.settings import REMEMBERING

        if self.resumes:
            from agent.checkpoint import load
            from agent.training import resumed_config

            self.config = resumed_config(load(self.folder, with_run=True), self._chosen)
            return
        chosen = dict(self._chosen)
        # Named alone, lambda is constant and alpha's schedule keeps its shape.
        if "lam" in chosen:
            chosen.setdefault("lam_end", chosen["lam"])
        if "alpha" in chosen:
            end = chosen["alpha"] * TrainConfig.alpha_end / TrainConfig.alpha
            chosen.setdefault("alpha_end", end)
        if chosen.get("net") in REMEMBERING:
            # Gradients go back through the memory to the first of these plies.
            chosen.setdefault("plies", 16)
        self.config = TrainConfig(**chosen)

    def _begin(self) -> None:
        from agent.device import fast_precision
        from agent.run import open_folder
        from agent.starting import pruning_agent, rival_agents, starting_agent

        if "precision" not in self._chosen:
            self.config = replace(self.config, precision=fast_precision())
        # An error now leaves no folder behind.
        starting_agent(self.config), pruning_agent(self.config), rival_agents(self.config)
        open_folder(self.folder)


def _as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()
