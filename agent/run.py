"""A training run in a folder: metrics, measurements, checkpoints, a picture; stop and go on.

The folder holds ``checkpoint.npz``, ``metrics.jsonl`` (one JSON object a line), ``progress.png``
and, in ``nets/``, the net of each measurement. Every file is replaced whole.

Of several processes only the first one reads and writes the folder, measures, and decides what is
next; the others are told to make a step, to hand in their games for a checkpoint, or to end. So all
stop after the same step, and none waits in a computation while the first one measures.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import shares
from agent.arena import Contest, play_contest
from agent.checkpoint import FILE_NAME, load, save, write_atomically
from agent.cluster import ALONE, Cluster
from agent.config import TrainConfig
from agent.errors import AgentError
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.refiner import RefineConfig, Refiner
from agent.starting import pruning_agent, rival_agents, starting_agent
from agent.training import Report, Trainer

METRICS = "metrics.jsonl"
PICTURE = "progress.png"
# One net for each measurement, named by the games it had learned from.
NETS = "nets"
SAVE_SECONDS = 60.0
# What the other processes are told to do.
_STEP, _SAVE, _END = b"step", b"save", b"end"

Learning = Trainer | Refiner


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
    """The sitting is over: the goal was reached, or ``stopped`` by the user.

    ``stopped``: what ``stop`` said, the number of a signal; 0 where the goal was reached.
    """

    games: int
    seconds: float
    stopped: int
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
    metrics = folder / METRICS
    # An empty file of metrics is what a run leaves that ended before it began.
    begun = os.path.isfile(metrics) and os.path.getsize(metrics) > 0
    if begun or os.path.exists(folder / FILE_NAME):
        raise AgentError(f"{folder}: holds a run already; use --resume {folder} or another --out")
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(metrics, lambda file: None)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn what goes wrong with files into one line."""
    try:
        yield
    except OSError as error:
        raise AgentError(f"{folder}: cannot be written ({error.strerror})") from error


class Metrics:
    """The lines of ``metrics.jsonl``."""

    def __init__(self, folder: Path, *, up_to: int) -> None:
        """Take up the file, without what a lost stretch of the run wrote after ``up_to`` games."""
        self.path = folder / METRICS
        self.rows: list[dict[str, Any]] = []
        with _writing(folder):
            exists = os.path.exists(self.path)
            text = self.path.read_text(encoding="utf-8", errors="replace") if exists else ""
            for line in text.splitlines():
                try:
                    row = json.loads(line)
                except ValueError:
                    continue  # a line cut short by a power failure
                games = row.get("games") if isinstance(row, dict) else None
                if type(games) is int and games <= up_to:
                    self.rows.append(row)
            text = "".join(json.dumps(row) + "\n" for row in self.rows)
            write_atomically(self.path, lambda file: file.write(text.encode()))

    @property
    def last_measured(self) -> int:
        """At how many games the net was last measured; 0: never."""
        return max((row["games"] for row in self.rows if "contest" in row), default=0)

    def add(self, *rows: dict[str, Any]) -> None:
        """Append lines."""
        self.rows.extend(rows)
        with _writing(self.path.parent), open(self.path, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))


class _StoppedError(Exception):
    """The user wants to stop in the middle of a measurement."""


def measure(trainer: Learning, games: int, stop: Callable[[], int]) -> Iterator[Measured]:
    """Play ``games`` duplicate games against random and against pubeval.

    Raises ``_StoppedError`` when the user stops.
    """

    def ask(done: int, total: int) -> None:
        if stop():
            raise _StoppedError

    agent = trainer.agent("net")
    for opponent in (RandomAgent(), PubevalAgent()):
        contest = play_contest(agent, opponent, games, trainer.config.seed, progress=ask)
        yield Measured(trainer.games, contest)


def run(
    config: TrainConfig | RefineConfig,
    folder: Path,
    goal: Goal,
    *,
    resume: bool = False,
    measure_games: int = 1000,
    stop: Callable[[], int] = lambda: 0,
    save_seconds: float = SAVE_SECONDS,
    cluster: Cluster = ALONE,
) -> Iterator[Event]:
    """Train until the goal; yield what happens.

    Args:
        config: the settings; of a run to resume, its own.
        folder: of the run; made by :func:`open_folder` or by the run to resume.
        goal: when to end.
        resume: take up the checkpoint in the folder.
        measure_games: how many games against each known opponent at each measurement; 0: none.
        stop: asked after every step and within measurements; true ends the sitting with a
            checkpoint. Of several processes the first one's counts.
        save_seconds: how often to write a checkpoint.
        cluster: the processes of the run; all of them do the same with it.

    Raises:
        AgentError: the folder or its checkpoint is unusable.
    """
    trainer = _learner(config, folder, resume, cluster)
    if not cluster.first:
        yield _assist(trainer, cluster, folder)
        return
    sitting = _Sitting(trainer, folder, goal, measure_games, stop, save_seconds, cluster)
    try:
        yield from sitting.learn()
    except _StoppedError:
        sitting.save()
    cluster.broadcast(_END + bytes([sitting.stopped]))
    yield Finished(sitting.trainer.games, sitting.seconds, sitting.stopped, folder)


def _learner(
    config: TrainConfig | RefineConfig, folder: Path, resume: bool, cluster: Cluster
) -> Learning:
    """Return what learns, from the start or as it was at a checkpoint."""
    checkpoint = load(folder, with_run=True) if resume and cluster.first else None
    if isinstance(config, RefineConfig):
        return Refiner(config, checkpoint=checkpoint)
    if resume and cluster.count > 1:
        checkpoint = shares.dealt(checkpoint, cluster)
    start = None if resume else starting_agent(config)
    more = {} if cluster.count == 1 else {"cluster": cluster}
    return Trainer(config, checkpoint=checkpoint, start=start, quick=pruning_agent(config),
                   rivals=rival_agents(config), **more)


def _assist(trainer: Learning, cluster: Cluster, folder: Path) -> Finished:
    """Do what the first process says until it says that it is over."""
    began = time.monotonic()
    while not (order := cluster.broadcast()).startswith(_END):
        if order == _STEP:
            trainer.step()
        else:
            trainer.checkpoint()
    return Finished(trainer.games, time.monotonic() - began, order[len(_END)], folder)


class _Sitting:
    """One stretch of a run, from the start or a resume to the goal or a stop."""

    def __init__(
        self,
        trainer: Learning,
        folder: Path,
        goal: Goal,
        measure_games: int,
        stop: Callable[[], int],
        save_seconds: float,
        cluster: Cluster,
    ) -> None:
        self.trainer, self._cluster = trainer, cluster
        self.metrics = Metrics(folder, up_to=self.trainer.games)
        self.folder, self.goal, self.stop = folder, goal, stop
        self.measure_games, self._save_seconds = measure_games, save_seconds
        self.stopped = 0
        self._began, self._games_before = time.monotonic(), self.trainer.games
        self._saved = self._began
        self._pending: list[Report] = []

    @property
    def seconds(self) -> float:
        """Wall time of this sitting."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Games a second in this sitting."""
        return (self.trainer.games - self._games_before) / self.seconds

    def _stops(self) -> int:
        self.stopped = int(self.stop())
        return self.stopped

    def learn(self) -> Iterator[Event]:
        """Learn until the goal, or until the user stops."""
        trainer, goal = self.trainer, self.goal
        if not os.path.exists(self.folder / FILE_NAME):
            # Whatever ends a run, from now on it can be gone on with.
            self._save_checkpoint()
        while True:
            # Before the step, so that a measurement cut short by a stop is made up for.
            due = next_measurement(self.metrics.last_measured)
            if self.measure_games and trainer.games >= due:
                yield from self._measure()
                if self._stops():
                    raise _StoppedError
            if goal.share(trainer.games, self.seconds) >= 1:
                break
            self._cluster.broadcast(_STEP)
            report = trainer.step()
            self._pending.append(report)
            if sum(r.finished for r in self._pending) >= 1000:
                self._flush()
            yield Progress(report, self.rate, goal.share(trainer.games, self.seconds), self.seconds)
            if self._stops():
                raise _StoppedError
            if time.monotonic() - self._saved > self._save_seconds:
                self.save()
        # First of all the checkpoint: an impatient second Ctrl-C must not cost the run.
        self.save()
        if self.measure_games and self.metrics.last_measured != trainer.games:
            yield from self._measure()
            self.save()

    def _measure(self) -> Iterator[Event]:
        rows = []
        for measured in measure(self.trainer, self.measure_games, self._stops):
            rows.append(_note(self.trainer, measured))
            yield measured
        self.metrics.add(*rows)
        self._keep_net()

    def _keep_net(self) -> None:
        """Keep the net as it was measured: what it could do then can be asked again later."""
        with _writing(self.folder):
            nets = self.folder / NETS
            nets.mkdir(exist_ok=True)
            save(nets / f"{self.trainer.games:09d}.npz", self.trainer.net())

    def _flush(self) -> None:
        if self._pending:
            self.metrics.add(_row(self._pending, self.seconds, self.rate))
            self._pending = []

    def save(self) -> None:
        """Write the checkpoint, the metrics so far and the picture, if there is time for it."""
        with _writing(self.folder):
            self._flush()
        self._save_checkpoint()
        if self.stop() == signal.SIGTERM:
            return
        with _writing(self.folder):
            draw(self.metrics.rows, self.folder / PICTURE)

    def _save_checkpoint(self) -> None:
        self._cluster.broadcast(_SAVE)
        checkpoint = self.trainer.checkpoint()
        with _writing(self.folder):
            save(self.folder / FILE_NAME, checkpoint)
        self._saved = time.monotonic()


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


def _note(trainer: Learning, measured: Measured) -> dict[str, Any]:
    contest = measured.contest.as_json()
    trainer.results[f"{contest['opponent']}@{measured.games}"] = contest
    return {"games": measured.games, "contest": contest}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the picture of a run: loss, game length and win rate over games."""
    from agent.pictures import training_picture

    figure = training_picture(rows)
    write_atomically(path, lambda file: figure.savefig(file, format="png"))
