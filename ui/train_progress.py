"""Following a training run on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from agent import run as runs
from agent.config import TrainConfig
from ui.progress import console
from ui.stopping import StopFlag


def follow(
    config: TrainConfig,
    folder: Path,
    goal: runs.Goal,
    device: str,
    resume: bool,
    measure: int,
    *,
    quiet: bool,
) -> dict[str, Any]:
    """Train, show how it goes, and return what came of it as plain values.

    Arguments are those of ``agent.run.run``; ``quiet`` leaves only the bar.
    """

    def say(text: str) -> None:
        if not quiet:
            click.echo(text)

    out = console()
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
        StopFlag("with a checkpoint").catching() as stop,
        Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as progress,
    ):
        say(f"training on {device}; run folder {folder}")
        task = progress.add_task("", total=1.0, games=0, rate=0.0, loss=0.0)
        for event in runs.run(
            config, folder, goal, resume=resume, measure_games=measure, stop=stop
        ):
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
        say(f"stopped at {rate}; go on with: tdgammon train --resume {folder} --games N")
    else:
        say(f"done: {rate}; play it with: tdgammon play --text --agent {folder}")
    return {
        "folder": str(folder),
        "games": finished.games,
        "seconds": round(finished.seconds, 3),
        "stopped": finished.stopped,
        "device": device,
        "config": config.as_json(),
        "results": results,
    }


def _line(event: runs.Measured) -> str:
    c = event.contest
    spread = "" if c.ppg_se is None else f" ± {c.ppg_se:.3f}"
    return (
        f"{event.games:>9,} games: against {c.opponent:8} {100 * c.win:5.1f} % won, "
        f"{c.ppg:+.3f}{spread} points a game ({c.games} games)"
    )
