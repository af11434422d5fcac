"""Does depth help a value network of backgammon: plain, highway and convolutional highway nets.

Every net (``study.depth_nets``) learns from the same number of self-play games by the trainer of
all nets, in a run folder of its own (``agent.run``), and is then measured with duplicate dice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import catalog
from agent import run as runs
from agent.arena import play_contest
from agent.checkpoint import FILE_NAME, load
from agent.nets.numpy_nets import NETS
from agent.outcome import equity
from agent.players.network import NetworkAgent
from agent.protocol import Boards
from agent.starting import pruning_agent
from agent.training import resumed_config
from study import results
from study.depth_nets import OPPONENTS, Net, Settings, config, nets, size_of
from study.gates import played
from study.sitting import Progress, Sitting, StoppedError, taken_up

RESULT = "depth.json"
_JUDGED_GAMES = 20
_NO_SPREAD = 1e-5
Floats = npt.NDArray[np.float32]


def run(
    settings: Settings,
    folder: Path,
    progress: Progress = lambda done, total, words: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train and measure every net, or go on where a study in the folder was left.

    Args:
        settings: of the study; of one in the folder they must be the same.
        folder: gets ``depth.json``, the result so far, and a run folder for each net.
        progress: called with (games learned from, games of all nets, what is done now).
        stop: asked after every step; true ends the sitting, which can be gone on with.

    Returns:
        ``settings``; ``stopped``; ``nets``, one for each net begun: ``kind``, ``depth``, ``seed``,
        ``width``, ``carry_bias``, ``parameters``, ``games``, ``seconds`` of training, compiling
        included, ``games_per_s`` without (to be compared only if the machine did nothing else),
        ``spread`` (the standard deviation of the net's equity over positions with contact, in
        points; near 0 it says the same of all of them), ``correlation`` of that equity with what
        the net that ships says, and ``contests`` by opponent, see ``agent.arena.Contest``.

    Raises:
        AgentError: the folder holds another study or cannot be used, or no network prunes.
    """
    # An error now leaves no folder behind.
    pruning_agent(config(settings, nets(settings)[0]))
    return _Study(settings, folder, progress, stop).sit()


class _Study(Sitting[Settings]):
    def __init__(
        self, settings: Settings, folder: Path, progress: Progress, stop: Callable[[], bool]
    ) -> None:
        super().__init__(settings, folder, progress, stop, _taken_up(settings, folder))

    def go(self) -> None:
        """Do what is left to do."""
        rows = {Net(row["kind"], row["depth"], row["seed"]): row for row in self.result["nets"]}
        for net in nets(self.settings):
            row = rows.get(net)
            if row is None:
                row = self._train(net)
                self.result["nets"].append(row)
                self._save()
            self._measure(net, row)
            self.done += self.settings.games

    def _tell(self, net: Net, games: int, words: str) -> None:
        total = self.settings.games * len(nets(self.settings))
        shown = self.done + min(games, self.settings.games)
        self.progress(shown, total, f"{net.kind}, depth {net.depth}, seed {net.seed}: {words}")

    def _save(self) -> None:
        results.save(self.result, self.folder / RESULT)

    def _train(self, net: Net) -> dict[str, Any]:
        """Return the row of a net that has learned from its games."""
        settings, folder, how = self.settings, self.folder / net.name, config(self.settings, net)
        resume = os.path.exists(folder / FILE_NAME)
        if resume:
            how = resumed_config(load(folder, with_run=True), how.as_json())
        elif not os.path.exists(folder):
            runs.open_folder(folder)
        self._tell(net, 0, "compiling")
        goal, clock = runs.Goal(games=settings.games), _Clock()
        for event in runs.run(how, folder, goal, resume=resume, measure_games=0, stop=self.stop):
            if isinstance(event, runs.Progress):
                clock.note(event.report.games)
                self._tell(net, event.report.games, "learning")
            elif isinstance(event, runs.Finished) and event.stopped:
                raise StoppedError
        return {
            "kind": net.kind, "depth": net.depth, "seed": net.seed, "width": how.width,
            "carry_bias": how.carry_bias, "parameters": size_of(how.net, how.net_settings),
            "games": load(folder).meta["games"], "seconds": _seconds(folder),
            "games_per_s": clock.rate, **_judged(self._player(net)), "contests": {},
        }

    def _measure(self, net: Net, row: dict[str, Any]) -> None:
        settings = self.settings
        for name in OPPONENTS:
            if name in row["contests"]:
                continue

            def tell(done: int, total: int, name: str = name) -> None:
                self._tell(net, settings.games, f"measured against {name}")
                self.heed()

            contest = play_contest(self._player(net), catalog.get(name), settings.measure_games,
                                   settings.seed, progress=tell)
            row["contests"][name] = contest.as_json()
            self._save()

    def _player(self, net: Net) -> NetworkAgent:
        return catalog.network(self.folder / net.name, net.name)


class _Clock:
    """Games a second of a sitting without its first step, in which the step is compiled."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self.rate: float | None = None

    def note(self, games: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = games, now
        elif now > self._first[1]:
            self.rate = (games - self._first[0]) / (now - self._first[1])


def _seconds(folder: Path) -> float:
    """Return the wall time of a run over all its sittings."""
    before, last = 0.0, 0.0
    for line in (folder / runs.METRICS).read_text(encoding="utf-8").splitlines():
        seconds = json.loads(line)["seconds"]
        before, last = before + (last if seconds < last else 0.0), seconds
    return round(before + last, 1)


@cache
def _contact() -> tuple[Boards, Floats]:
    """Return positions with contact and what the net that ships says of them, as equity."""
    found = played(catalog.get("pubeval"), games=_JUDGED_GAMES)
    boards = found.boards[found.kind == 0]
    judge = catalog.get(catalog.DEFAULT)
    assert isinstance(judge, NetworkAgent)
    return boards, equity(judge.evaluate(boards))


def _judged(agent: NetworkAgent) -> dict[str, float]:
    """Return ``spread`` and ``correlation`` of what the net itself says, without other help."""
    boards, right = _contact()
    inputs = agent.features.encode(boards)
    said = equity(NETS[agent.net].apply(agent.params, inputs, agent.settings))
    spread = float(said.std())
    # A net that says the same of all of them agrees with nobody.
    alike = spread < _NO_SPREAD
    return {"spread": spread,
            "correlation": 0.0 if alike else float(np.corrcoef(said, right)[0, 1])}


def _taken_up(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the result in the folder, or one without nets."""
    fresh: dict[str, Any] = {"settings": settings.as_json(), "stopped": False, "nets": []}
    path = folder / RESULT
    found = taken_up(path, fresh, read)
    if found is None:
        results.begin(path)
    return found or fresh


def read(path: Path) -> dict[str, Any]:
    """Return the result in a file ``depth.json``.

    Raises:
        AgentError: there is none, or it is damaged.
    """
    return results.read(path, lambda found: {"settings", "nets"} <= found.keys(), "depth")


def summary(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each kind and depth, over its seeds.

    ``ppg``: by opponent [mean, ±], in points a game. ± is the standard error over duplicate dice of
    one seed, and of several the standard deviation between them; ``None`` where it is not known.
    The other numbers are means, ``None`` where nothing is known.
    """
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for net in result["nets"]:
        groups.setdefault((net["kind"], net["depth"]), []).append(net)
    found = []
    for (kind, depth), group in groups.items():
        same = {name: group[0][name] for name in ("width", "carry_bias", "parameters")}
        means = {name: _mean([net[name] for net in group])
                 for name in ("games", "seconds", "games_per_s", "spread", "correlation")}
        ppg = {}
        for opponent in OPPONENTS:
            played_ = [net["contests"][opponent] for net in group if opponent in net["contests"]]
            if len(played_) == 1:
                ppg[opponent] = [played_[0]["ppg"], played_[0]["ppg_se"]]
            elif played_:
                points = [contest["ppg"] for contest in played_]
                ppg[opponent] = [float(np.mean(points)), float(np.std(points, ddof=1))]
        found.append({"kind": kind, "depth": depth, "seeds": len(group), **same, **means,
                      "ppg": ppg})
    return found


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
