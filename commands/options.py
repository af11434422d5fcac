"""What several commands share: options, and how results are printed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

# What a shell reports of a command stopped by Ctrl-C.
INTERRUPTED = 130

AGENT_HELP = ("a name that `tdgammon agents` lists, a .npz file or a run's folder; networks also "
              "with :1 or :2 behind, the plies they look ahead")
ply_option = click.option("--ply", type=click.IntRange(0, 2), metavar="N",
                          help="Plies a network looks ahead, 0 to 2.  [default: 0]")
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="What jax computes on.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="S"
)

_CLUSTER = (
    click.option("--coordinator", metavar="HOST:PORT",
                 help="Where process 0 of several meets the others; or $TDGAMMON_COORDINATOR."),
    click.option("--num-processes", type=int, metavar="N",
                 help="How many there are; or $TDGAMMON_NUM_PROCESSES."),
    click.option("--process-id", type=int, metavar="I",
                 help="The number of this one, from 0; or $TDGAMMON_PROCESS_ID."),
    click.option("--join-seconds", type=float, metavar="S",
                 help="How long to wait for all to come.  [default: 300]"),
)


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of ``agent.place.find_place``, as ``place``."""

    @functools.wraps(command)
    def with_place(*args: Any, coordinator: str | None, num_processes: int | None,
                   process_id: int | None, join_seconds: float | None, **kwargs: Any) -> Any:
        from agent.place import find_place

        place = find_place(coordinator, num_processes, process_id, join_seconds)
        if place is not None:
            shared = {name: value for name, value in kwargs.items() if name != "as_json"}
            place = replace(place, task=json.loads(json.dumps(shared, default=str)))
        return command(*args, place=place, **kwargs)

    for option in reversed(_CLUSTER):
        with_place = option(with_place)
    return with_place

out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.")
resume_option = click.option(
    "--resume", type=click.Path(path_type=Path), help="Folder of a run to go on with.")
checkpoint_seconds_option = click.option(
    "--checkpoint-seconds", type=click.FloatRange(1), default=60.0, show_default=True,
    metavar="S", help="Time between two checkpoints.")
measure_option = click.option(
    "--measure", type=click.IntRange(0), default=1000, show_default=True, metavar="N",
    help="Games against each known opponent at each measurement; 0: none.")


class Wholes(click.ParamType):
    """One or several whole numbers, with commas between them."""

    def __init__(self, letter: str, kind: str) -> None:
        self.name, self._kind = f"{letter}[,{letter}...]", kind

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        try:
            return tuple(int(number) for number in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not {self._kind}", param, ctx)


class Names(click.ParamType):
    """One or several names, with commas between them."""

    name = "NAME[,NAME...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        return tuple(name.strip() for name in str(value).split(","))


def new_folder(kind: str = "") -> Path:
    """Return a folder of a run that nobody has named: ``runs/`` and the time."""
    from datetime import datetime

    return Path("runs") / f"{kind}{'-' * bool(kind)}{datetime.now():%Y%m%d-%H%M%S}"


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    click.echo(json.dumps(value, indent=1))


def refuse_given(because: str, *names: str) -> None:
    """Raise an error if an option was given that makes no sense."""
    from click.core import ParameterSource

    from agent.errors import AgentError

    context = click.get_current_context()
    given = [option.opts[0] for name in names for option in context.command.params
             if option.name == name
             and context.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        raise AgentError(f"{because}: leave out {' and '.join(given)}")
