"""The command ``tdgammon``: parse, call, print. What is heavy is imported inside the commands."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

_BAD_INPUT = 2
_INTERRUPTED = 130


class _Group(click.Group):
    """A group whose errors are one line on stderr, with exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.ClickException as error:
            _fail(error.format_message())
        except click.exceptions.Abort:
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has gone; python must not complain while it exits.
            sys.stdout = None  # type: ignore[assignment]
            sys.exit(1)
        except ValueError as error:
            if not _is_ours(error):
                raise
            _fail(str(error))
        sys.exit(code if isinstance(code, int) else 0)


def _is_ours(error: ValueError) -> bool:
    from agent.errors import AgentError
    from engine.errors import EngineError

    return isinstance(error, AgentError | EngineError)


def _fail(message: str) -> None:
    click.echo(f"tdgammon: {' '.join(message.split())}", err=True)
    sys.exit(_BAD_INPUT)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=1))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tdgammon", prog_name="tdgammon")
def cli() -> None:
    """Backgammon that learns from self-play: train, play, benchmark, serve."""


def main() -> None:
    """Run the command; the entry point of the installed ``tdgammon``."""
    cli.main()


class _Wholes(click.ParamType):
    """One or several whole numbers, with commas between them."""

    def __init__(self, letter: str, kind: str) -> None:
        self.name, self._kind = f"{letter}[,{letter}...]", kind

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        try:
            return tuple(int(number) for number in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not {self._kind}", param, ctx)


_AGENT_HELP = ("a name that `tdgammon agents` lists, a .npz file or a run's folder; networks also "
               "with :1 or :2 behind, the plies they look ahead")
_ply = click.option("--ply", type=click.IntRange(0, 2), metavar="N",
                    help="Plies a network looks ahead, 0 to 2.  [default: 0]")
_device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="What jax computes on.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="S"
)


@cli.command()
@click.option("--games", type=click.IntRange(1), metavar="N", help="Train until N games in all.")
@click.option("--minutes", type=float, metavar="M", help="Train for M minutes.")
@click.option("--net", metavar="NAME", help="mlp, highway or conv.  [default: mlp]")
@click.option("--hidden", type=_Wholes("H", "a width or widths, like 80 or 256,128"),
              help="Widths of the hidden layers of an mlp.  [default: 80]")
@click.option("--activation", metavar="NAME",
              help="Of hidden units: sigmoid or relu, in highway and conv relu, tanh or sigmoid.")
@click.option("--layers", type=int, metavar="L",
              help="Layers of the stack of a highway or conv net.  [default: 5]")
@click.option("--width", type=int, metavar="W",
              help="Of a highway net's layers, or a conv net's dense one.  [default: 64]")
@click.option("--gated/--plain", default=None, help="Highway layers, or plain ones of their size.")
@click.option("--carry-bias", type=float, metavar="B",
              help="Of highway gates at first: below 0 carries more.  [default: -1]")
@click.option("--channels", type=int, metavar="C", help="Of a conv net.  [default: 16]")
@click.option("--kernel", type=int, metavar="K", help="Points its units see.  [default: 3]")
@click.option("--dilation", type=_Wholes("D", "a dilation or dilations, like 2 or 1,2,4"),
              help="Of its stack's layers in turn.  [default: 1]")
@click.option("--head", metavar="NAME", help="What its dense layer is given: flat or mean.")
@click.option("--features", metavar="NAME", help="Inputs of the net.  [default: tesauro198-v1]")
@click.option("--init", metavar="AGENT", help="Start from the parameters of this agent.")
@click.option("--prune", metavar="AGENT", help="Look only at plays this agent's net thinks likely.")
@click.option("--prune-within", type=float, metavar="E",
              help="Points a likely play may be behind its best.  [default: 0.16]")
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
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--resume", type=click.Path(path_type=Path), help="Folder of a run to go on with.")
@click.option(
    "--measure",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Games against each known opponent at each measurement; 0: none.",
)
@_device
@_json
def train(
    games: int | None,
    minutes: float | None,
    out: Path | None,
    resume: Path | None,
    measure: int,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train a net by self-play, TD(lambda).

    Without --games or --minutes: 50,000 games. Ctrl-C stops with a checkpoint; --resume goes on.
    """
    from agent.config import TrainConfig
    from agent.device import fast_precision, prepare
    from agent.errors import AgentError
    from agent.run import Goal, open_folder
    from agent.starting import pruning_agent, starting_agent
    from ui.train_progress import follow

    chosen = {name: value for name, value in settings.items() if value is not None}
    if games is None and minutes is None:
        games = 50_000
    goal = Goal(games, minutes)
    if resume is not None:
        if out is not None:
            raise AgentError("give either --out or --resume: a resumed run stays in its folder")
        if os.path.isfile(resume):
            raise AgentError(f"{resume}: give --resume the folder of the run, not a file")
        from agent.checkpoint import load
        from agent.training import resumed_config

        config, folder = resumed_config(load(resume, with_run=True), chosen), resume
        where = prepare(device, batch=config.batch)
    else:
        # Named alone, lambda is constant and alpha's schedule keeps its shape.
        if "lam" in chosen:
            chosen.setdefault("lam_end", chosen["lam"])
        if "alpha" in chosen:
            end = chosen["alpha"] * TrainConfig.alpha_end / TrainConfig.alpha
            chosen.setdefault("alpha_end", end)
        folder = out or _new_folder()
        where = prepare(device, batch=TrainConfig(**chosen).batch)
        config = TrainConfig(**{"precision": fast_precision(), **chosen})
        starting_agent(config), pruning_agent(config)  # an error now leaves no folder behind
        open_folder(folder)
    finished = follow(config, folder, goal, where, resume is not None, measure, quiet=as_json)
    if as_json:
        _print_json(finished)
    sys.exit(_INTERRUPTED if finished["stopped"] else 0)


def _new_folder() -> Path:
    from datetime import datetime

    return Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")


@cli.command()
@click.option("--agent", "name", help=f"The opponent: {_AGENT_HELP}.  [default: the last one in "
              "the window, at first pretrained]")
@_ply
@click.option("--watch", metavar="AGENT", help="Watch this agent play the opponent.")
@click.option("--human", is_flag=True, help="Two people play.")
@click.option("--match", "length", type=click.IntRange(0, 99), metavar="N",
              help="Play a match to N points; 0: for money.")
@click.option("--seed", type=click.IntRange(0), help="Of the dice; default: a new one each time.")
@click.option("--mat", type=click.Path(), metavar="FILE", help="Open a match, a .mat file.")
@click.option("--theme", type=click.Choice(["light", "dark"]), help="How the board looks.")
@click.option("--config", type=click.Path(), metavar="FILE", help="Where settings are remembered.")
@click.option("--text", is_flag=True, help="Play in the terminal.")
def play(
    name: str | None, ply: int | None, text: bool, seed: int | None, config: str | None,
    **window: Any,
) -> None:
    """Play against an agent: in a window, or with --text in the terminal."""
    if text:
        _refuse_given("--text plays one agent in the terminal", "watch", "human", "length", "mat",
                      "theme", "config")
        from ui.text_play import play_agent

        play_agent(name, ply, seed)
    else:
        from ui.play_command import Options, run

        run(Options(name, ply, seed=seed, config=config, **window), click.echo)


@cli.command()
@click.argument("agent")
@click.option("--opponent", default="pubeval", show_default=True, help=_AGENT_HELP)
@click.option("--games", type=click.IntRange(1), default=1000, show_default=True, metavar="N")
@click.option(
    "--luck/--no-luck",
    default=False,
    show_default=True,
    help="Print the score without the luck of the rolls, too; takes ten to twenty times as long.",
)
@click.option(
    "--positions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Play no games; measure the errors in the decisions of FILE, .jsonl or .jsonl.gz.",
)
@_ply
@_seed
@_device
@_json
def benchmark(
    agent: str,
    opponent: str,
    games: int,
    luck: bool,
    positions: Path | None,
    ply: int | None,
    seed: int,
    device: str,
    as_json: bool,
) -> None:
    """Play AGENT against an opponent with duplicate dice and print the score.

    With --positions: print its error rate, in thousandths of a point a decision (mpt).
    """
    if positions is not None:
        _refuse_given("--positions plays no games", "opponent", "games", "luck")
        _error_rate(agent, ply, positions, seed, device, as_json)
        return
    from agent import catalog
    from agent.arena import play_contest
    from agent.device import prepare
    from agent.luck import default_values
    from ui.progress import bar
    from ui.tables import contest_table

    players = catalog.get(agent, ply), catalog.get(opponent)
    luck_by = default_values() if luck else None
    prepare(device)
    with bar("games", games) as advance:
        contest = play_contest(*players, games, seed, progress=advance, luck_by=luck_by)
    if as_json:
        _print_json(contest.as_json())
    else:
        click.echo(contest_table(contest))


def _refuse_given(because: str, *names: str) -> None:
    """Raise an error if an option was given that makes no sense."""
    from click.core import ParameterSource

    from agent.errors import AgentError

    context = click.get_current_context()
    given = [option.opts[0] for name in names for option in context.command.params
             if option.name == name
             and context.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        raise AgentError(f"{because}: leave out {' and '.join(given)}")


def _error_rate(
    name: str, ply: int | None, positions: Path, seed: int, device: str, as_json: bool
) -> None:
    from agent import catalog
    from agent.decisions import read
    from agent.device import prepare
    from agent.error_rate import measure
    from ui.progress import bar
    from ui.tables import error_table

    agent = catalog.get(name, ply)
    decisions = read(positions)
    prepare(device)
    with bar("decisions", len(decisions)) as advance:
        found = measure(agent, decisions, seed, progress=advance)
    if as_json:
        _print_json(found.as_json())
    else:
        click.echo(error_table(found))


@cli.command()
@_json
def agents(as_json: bool) -> None:
    """List what can play, with its measured strength."""
    from dataclasses import asdict

    from agent import catalog
    from ui.tables import agents_table

    entries = catalog.entries()
    if as_json:
        _print_json([asdict(entry) for entry in entries])
    else:
        click.echo(agents_table(entries))


@cli.command()
@click.argument("position")
@click.argument("dice", required=False)
@click.option("--agent", "name", default="pretrained", show_default=True, help=_AGENT_HELP)
@_ply
@_json
def hint(position: str, dice: str | None, name: str, ply: int | None, as_json: bool) -> None:
    """Say what an agent thinks of POSITION (a Position ID or XGID) and of the plays of DICE."""
    from agent import catalog
    from agent.errors import AgentError
    from agent.protocol import Evaluator
    from ui.hint import analyse, as_text

    agent = catalog.get(name, ply)
    if not isinstance(agent, Evaluator):
        raise AgentError(f"{name} knows no chances; name a network, as --agent pretrained")
    found = analyse(agent, position, dice)
    if as_json:
        _print_json(found)
    else:
        click.echo(as_text(found))


@cli.command()
@click.argument("position")
@click.argument("dice", required=False)
@click.option("--agent", "name", default="pretrained", show_default=True, help="A network.")
@click.option("--trials", type=click.IntRange(1), default=1296, show_default=True, metavar="N",
              help="Games of each position.")
@click.option("--truncate", type=click.IntRange(0), default=11, show_default=True, metavar="T",
              help="Plies after which the net is believed; 0: play to the end.")
@click.option("--luck/--no-luck", default=True, show_default=True,
              help="Take the luck of the rolls out.")
@_ply
@_seed
@_device
@_json
def rollout(
    position: str,
    dice: str | None,
    name: str,
    trials: int,
    truncate: int,
    luck: bool,
    ply: int | None,
    seed: int,
    device: str,
    as_json: bool,
) -> None:
    """Play POSITION out many times, or the best few plays of DICE, all with the same dice."""
    from agent import catalog
    from agent.device import prepare
    from agent.players.searching import judge_of
    from agent.rollout import Settings
    from ui.hint import read_position
    from ui.progress import bar
    from ui.rollout import as_text, roll_out

    judge, plies = judge_of(catalog.get(name, ply))
    board, roll = read_position(position, dice)
    settings = Settings(trials, truncate, plies, luck, seed)
    prepare(device)
    with bar("trials", trials) as advance:
        found = roll_out(judge, board, roll, settings, progress=advance)
    if as_json:
        _print_json(found)
    else:
        click.echo(as_text(found))


@cli.command()
@click.option("--layers", "text", required=True, metavar="NET",
              help="From the input to the output; see above.")
@click.option("--input", "inputs", default="24", show_default=True, metavar="N|HxW",
              help="The length of a line, or height and width.")
@click.option("--output", "unit", metavar="Q|YxX",
              help="The output unit that is looked at.  [default: the middle one]")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw what that unit sees.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as a JSON list.")
def receptive_field(
    text: str, inputs: str, unit: str | None, png: Path | None, as_json: bool
) -> None:
    """Print what the units of a convolutional net see, layer by layer.

    NET is layers with ; between them. A layer is KERNEL[,sSTRIDE][,dDILATION][,pPADDING]; each is
    a number, or one for height and one for width, as 3x5. PADDING is also same, valid, or 1+2
    for before and after.

    \b
      5x1,s1,p2;3x1,d2         two layers on a line
      7,s2,p3;3x1,same         on --input 224x224: 7x7, then 3 high and 1 wide
      (3x1,p1;3x1,p1 | 1x1)    branches that join; the field is the largest
      (3x1,same;3x1,same | )   an empty branch is the identity: a residual block
      (3x1,same | )*8;2,s2     eight of them, then a layer of stride 2
    """
    from agent.receptive_field import measure
    from agent.receptive_field_text import parse_layers, parse_size
    from ui.receptive_field import as_text, choose_unit, rows, save_picture

    net = measure(parse_layers(text), parse_size(inputs))
    shown = choose_unit(net, unit)
    said = as_text(net, shown)
    if png is not None:
        save_picture(net, shown, png)
    if as_json:
        _print_json(rows(net))
        for note in net.notes:
            click.echo(f"tdgammon: note: {note}", err=True)
    else:
        click.echo(said)


@cli.command()
@click.argument("agent", default="pretrained")
@click.option("--protocol", type=click.Choice(["jsonl", "ubgi"]), required=True)
@_ply
@_seed
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



if __name__ == "__main__":
    main()
