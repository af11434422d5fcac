"""Following a training run on the terminal."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from agent import run as runs
from agent.cluster import ALONE, Cluster
from agent.config import TrainConfig
from agent.refiner import RefineConfig
from ui.progress import console
from ui.stopping import StopFlag


def follow(
    config: TrainConfig | RefineConfig,
    folder: Path,
    goal: runs.Goal,
    device: str,
    resume: bool,
    measure: int,
    *,
    quiet: bool,
    save_seconds: float = runs.SAVE_SECONDS,
    cluster: Cluster = ALONE,
) -> dict[str, Any]:
    """Train, show how it goes, and return what came of it as plain values.

    Arguments are those of ``agent.run.run``; ``quiet`` leaves only the bar. Of several processes
    only the first one shows anything.
    """

    def say(text: str) -> None:
        if not quiet and cluster.first:
            click.echo(text)

    out = console()
    stopping = _Stopping(cluster, folder)
    columns = (
        TextColumn("{task.fields[games]:,} games"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]:.0f} games/s  loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    results: dict[str, Any] = {}
    finished: runs.Finished | None = None
    with (
        stopping.flag.catching(),
        Progress(*columns, console=out, disable=not (out.is_terminal and cluster.first),
                 transient=True) as progress,
    ):
        say(f"training on {device}; run folder {folder}")
        task = progress.add_task("", total=1.0, games=0, rate=0.0, loss=0.0)
        for event in runs.run(
            config, folder, goal, resume=resume, measure_games=measure, stop=stopping.asked,
            save_seconds=save_seconds, cluster=cluster,
        ):
            stopping.begun = True
            if isinstance(event, runs.Progress):
                progress.update(
                    task,
                    completed=event.share,
                    games=event.report.games,
                    rate=event.games_per_s,
                    loss=event.report.loss_per_game,
                )
            elif isinstance(event, runs.Measured):
                contest = event.contest
                results[contest.opponent] = contest.as_json()
                say(_line(event))
            else:
                finished = event
    assert finished is not None, "a run ends with Finished"
    rate = f"{finished.games:,} games after {finished.seconds:.0f} s in this sitting"
    if finished.stopped:
        command = "refine" if isinstance(config, RefineConfig) else "train"
        say(f"stopped at {rate}; go on with: tdgammon {command} --resume {folder} --games N")
    else:
        say(f"done: {rate}; play it with: tdgammon play --text --agent {folder}")
    return {
        "folder": str(folder),
        "games": finished.games,
        "seconds": round(finished.seconds, 3),
        "stopped": bool(finished.stopped),
        "signal": finished.stopped,
        "device": device,
        "config": config.as_json(),
        "results": results,
    }


class _Stopping:
    """Who asked the run to stop: a signal to this process or to another one."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.begun = False
        self.flag = StopFlag("with a checkpoint", cluster.ask_to_stop)
        self._cluster, self._folder, self._other = cluster, folder, 0
        cluster.when_asked(self._heard)

    def asked(self) -> int:
        """Return the number of the signal, 0 if there was none."""
        return max(self.flag.number, self._other)

    def _heard(self, number: int) -> None:
        """Take note of a signal in the first process, whatever that is doing."""
        self._other = max(self._other, number)
        if number == signal.SIGTERM and not self.begun:
            # The first step may have to be compiled for longer than a cluster has patience, and
            # what it began with is in the checkpoint.
            self._cluster.end(f"stopped before the first step; {self._folder} is as it was",
                              128 + number)


def _line(event: runs.Measured) -> str:
    c = event.contest
    spread = "" if c.ppg_se is None else f" ± {c.ppg_se:.3f}"
    return (
        f"{event.games:>9,} games: against {c.opponent:8} {100 * c.win:5.1f} % won, "
        f"{c.ppg:+.3f}{spread} points a game ({c.games} games)"
    )
