"""A training run in a folder: metrics, measurements, checkpoints, a picture; stop and go on.

The folder holds ``checkpoint.npz``, ``metrics.jsonl`` (one JSON object a line) and
``progress.png``. Every file is replaced whole.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.arena import Contest, play_contest
from agent.checkpoint import FILE_NAME, load, save, write_atomically
from agent.config import TrainConfig
from agent.errors import AgentError
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.training import Report, Trainer

METRICS = "metrics.jsonl"
PICTURE = "progress.png"
_SAVE_SECONDS = 60.0


@dataclass(frozen=True)
class Goal:
    """When a run is done: after ``games`` games in all or ``minutes`` of this sitting."""

    games: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.games is None) == (self.minutes is None):
            raise AgentError("give either a number of games or of minutes")
        if self.games is not None and self.games < 1:
            raise AgentError(f"games must be at least 1, not {self.games}")
        if self.minutes is not None and not 0 < self.minutes < 1e6:
            raise AgentError(f"minutes must be above 0, not {self.minutes}")

    def share(self, games: int, seconds: float) -> float:
        """Return how much of it is done, 0..1."""
        done = seconds / 60 / self.minutes if self.minutes else games / (self.games or 1)
        return min(1.0, done)


@dataclass(frozen=True)
class Progress:
    """A step was made; ``games_per_s`` over this sitting, ``share`` of the goal."""

    report: Report
    games_per_s: float
    share: float
    seconds: float


@dataclass(frozen=True)
class Measured:
    """The net was played against a known opponent."""

    games: int
    contest: Contest


@dataclass(frozen=True)
class Finished:
    """The sitting is over: the goal was reached, or ``stopped`` by the user."""

    games: int
    seconds: float
    stopped: bool
    folder: Path


Event = Progress | Measured | Finished


def next_measurement(games: int) -> int:
    """Return when to measure next: 1, 2, 5, 10, 20, 50 thousand, then every 100,000 games.

    >>> [next_measurement(g) for g in (0, 1000, 4999, 50_000, 100_000)]
    [1000, 2000, 5000, 100000, 200000]
    """
    for mark in (1_000, 2_000, 5_000, 10_000, 20_000, 50_000):
        if games < mark:
            return mark
    return (games // 100_000 + 1) * 100_000


def open_folder(folder: Path) -> None:
    """Make the folder of a new run.

    Raises:
        AgentError: it cannot be written, or holds a run already.
    """
    if (folder / FILE_NAME).exists() or (folder / METRICS).exists():
        raise AgentError(f"{folder}: holds a run already; use --resume {folder} or another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / METRICS, lambda file: None)
    except OSError as error:
        raise AgentError(f"{folder}: cannot be written ({error.strerror})") from error


class Metrics:
    """The lines of ``metrics.jsonl``."""

    def __init__(self, folder: Path, *, up_to: int) -> None:
        """Take up the file, without what a lost stretch of the run wrote after ``up_to`` games."""
        self.path = folder / METRICS
        self.rows: list[dict[str, Any]] = []
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a line cut short by a power failure
            if isinstance(row, dict) and row.get("games", up_to + 1) <= up_to:
                self.rows.append(row)
        text = "".join(json.dumps(row) + "\n" for row in self.rows)
        write_atomically(self.path, lambda file: file.write(text.encode()))

    def add(self, row: dict[str, Any]) -> None:
        """Append one line."""
        self.rows.append(row)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


class _StoppedError(Exception):
    """The user wants to stop in the middle of a measurement."""


def measure(trainer: Trainer, games: int, stop: Callable[[], bool]) -> Iterator[Measured]:
    """Play ``games`` duplicate games against random and against pubeval, unless stopped."""

    def ask(done: int, total: int) -> None:
        if stop():
            raise _StoppedError

    agent = trainer.agent("net")
    try:
        for opponent in (RandomAgent(), PubevalAgent()):
            contest = play_contest(agent, opponent, games, trainer.config.seed, progress=ask)
            yield Measured(trainer.games, contest)
    except _StoppedError:
        return


def run(
    config: TrainConfig,
    folder: Path,
    goal: Goal,
    *,
    resume: bool = False,
    measure_games: int = 1000,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train until the goal; yield what happens.

    Args:
        config: the settings; of a run to resume, its own.
        folder: of the run; made by :func:`open_folder` or by the run to resume.
        goal: when to end.
        resume: take up the checkpoint in the folder.
        measure_games: how many games against each known opponent at each measurement; 0: none.
        stop: asked after every step; true ends the sitting with a checkpoint.

    Raises:
        AgentError: the folder or its checkpoint is unusable.
    """
    checkpoint = load(folder, with_run=True) if resume else None
    trainer = Trainer(config, checkpoint=checkpoint)
    metrics = Metrics(folder, up_to=trainer.games)
    began, games_before = time.monotonic(), trainer.games
    saved, stopped, last_measured = began, False, -1
    pending: list[Report] = []

    def write_checkpoint() -> None:
        try:
            save(folder / FILE_NAME, trainer.checkpoint())
        except OSError as error:
            raise AgentError(f"{folder}: cannot be written ({error.strerror})") from error

    while goal.share(trainer.games, time.monotonic() - began) < 1:
        due = next_measurement(trainer.games)
        report = trainer.step()
        pending.append(report)
        seconds = time.monotonic() - began
        rate = (trainer.games - games_before) / seconds
        if sum(r.finished for r in pending) >= 1000:
            metrics.add(_row(pending, seconds, rate))
            pending = []
        yield Progress(report, rate, goal.share(trainer.games, seconds), seconds)
        if measure_games and trainer.games >= due:
            for measured in measure(trainer, measure_games, stop):
                metrics.add(_note(trainer, measured))
                yield measured
            last_measured = trainer.games
        stopped = stop()
        if stopped:
            break
        if time.monotonic() - saved > _SAVE_SECONDS:
            write_checkpoint()
            draw(metrics.rows, folder / PICTURE)
            saved = time.monotonic()
    seconds = time.monotonic() - began
    if pending:
        metrics.add(_row(pending, seconds, (trainer.games - games_before) / seconds))
    # First of all the checkpoint: an impatient second Ctrl-C must not cost the run.
    write_checkpoint()
    if measure_games and not stopped and last_measured != trainer.games:
        for measured in measure(trainer, measure_games, stop):
            metrics.add(_note(trainer, measured))
            yield measured
        write_checkpoint()
    draw(metrics.rows, folder / PICTURE)
    yield Finished(trainer.games, time.monotonic() - began, stopped, folder)


def _row(reports: list[Report], seconds: float, rate: float) -> dict[str, Any]:
    finished = max(1, sum(r.finished for r in reports))

    def mean(name: str) -> float:
        return sum(getattr(r, name) * r.finished for r in reports) / finished

    last = reports[-1]
    return {
        "games": last.games,
        "seconds": round(seconds, 3),
        "games_per_s": round(rate, 2),
        "loss_per_game": mean("loss_per_game"),
        "plies_per_game": mean("plies_per_game"),
        "gammons": mean("gammons"),
        "alpha": last.alpha,
        "lambda": last.lam,
    }


def _note(trainer: Trainer, measured: Measured) -> dict[str, Any]:
    contest = measured.contest.as_json()
    trainer.results[f"{contest['opponent']}@{measured.games}"] = contest
    return {"games": measured.games, "contest": contest}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the picture of a run: loss, game length and win rate over games."""
    from agent.pictures import training_picture

    figure = training_picture(rows)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.png")
    try:
        figure.savefig(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
