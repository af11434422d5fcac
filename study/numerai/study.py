"""The whole path of the pipeline, part by part; what a part found is saved before the next begins.

J. Fleming's solution of a forecasting competition (github.com/jimfleming/numerai), on positions of
backgammon: adversarial validation, pictures of the data, embeddings, a ladder of models, a search
for settings, and the ensemble, which plays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.arena import play_contest
from agent.players.network import NetworkAgent
from agent.players.pubeval import PubevalAgent
from agent.players.random_play import RandomAgent
from agent.protocol import Agent
from study import results
from study.numerai import (
    adversarial,
    agents,
    analysis,
    embedding,
    extra,
    ladder,
    maps,
    positions,
    search,
    spaces,
    views,
)
from study.numerai.fitted import Floats
from study.numerai.maps import Map
from study.numerai.positions import TEST, Positions
from study.numerai.settings import PARTS, Settings
from study.sitting import Progress, Sitting, taken_up

RESULT = "numerai.json"
POSITIONS = "positions.npz"
MAPS = ("t-SNE", "autoencoder", "denoising autoencoder")
MAPPED = "counts"
"""The view that embeddings are of."""

ONE = "one t-SNE"
COLUMNS = {ONE: MAPS[0], "six t-SNE": MAPS[0], "autoencoder": MAPS[1], "denoising": MAPS[2]}
"""The maps of columns that are no views, by the names that models call them."""

_STEPS = 1000


def run(
    settings: Settings, folder: Path, progress: Progress = lambda done, total, words: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Do the parts, or go on where a study in the folder was left.

    Args:
        settings: of the study; a folder that has one must have the same, but for the parts.
        folder: gets ``numerai.json``, the result so far, ``positions.npz``, ``maps.npz`` and the
            agents' checkpoints.
        progress: called with (steps done, steps of all parts, what is done now).
        stop: asked on the way; true ends the sitting, which can be gone on with.

    Returns:
        ``settings``; ``stopped``; ``data``, what the positions are; ``parts``, by name what each
        found, plain values.

    Raises:
        AgentError: the folder holds another study or cannot be used, or an agent or a library is
            missing.
    """
    extra.need_all()
    return _Study(settings, folder, progress, stop).sit()


class _Study(Sitting[Settings]):
    def __init__(
        self, settings: Settings, folder: Path, progress: Progress, stop: Callable[[], bool]
    ) -> None:
        # An error of these leaves no folder behind.
        positions.players(settings.train, settings.test, settings.games, settings.per_game)
        super().__init__(settings, folder, progress, stop, _taken_up(settings, folder))
        self.words = ""
        self._data: Positions | None = None
        self._views: dict[str, views.View] = {}
        self._z: dict[str, Floats] = {}
        self._maps: dict[str, Map] = {}

    def go(self) -> None:
        """Do what is left to do."""
        self._begin("positions")
        data = self._positions()
        self.result["data"] = _about(data)
        self.done = 1
        parts = {"adversarial": self._adversarial, "analysis": self._analysis,
                 "embeddings": self._embeddings, "ladder": self._ladder,
                 "search": self._search, "agents": self._agents}
        for name in (part for part in PARTS if part in self.settings.parts):
            if name not in self.result["parts"]:
                self._begin(name)
                self.result["parts"][name] = parts[name]()
                results.save(self.result, self.folder / RESULT)
            self.done += 1

    def _begin(self, words: str) -> None:
        self.words = words
        self._tell(0.0)

    def _tell(self, share: float) -> None:
        total = _STEPS * (1 + len(self.settings.parts))
        self.progress(int(_STEPS * (self.done + min(share, 1.0))), total, self.words)
        self.heed()

    def _part(self, low: float, high: float) -> Callable[[float], None]:
        return lambda share: self._tell(low + (high - low) * share)

    @property
    def data(self) -> Positions:
        assert self._data is not None
        return self._data

    def _positions(self) -> Positions:
        s, path = self.settings, self.folder / POSITIONS
        if path.exists():
            self._data = positions.read(path)
        else:
            self._data = positions.play(s.train, s.test, s.games, s.per_game, s.seed,
                                        lambda done, total: self._tell(done / total))
            positions.write(path, self._data)
        return self._data

    def _view(self, name: str) -> views.View:
        if name not in self._views:
            train = self.data.boards[self.data.part != TEST]
            rotate = self.settings.seed if self.settings.obfuscate else None
            self._views[name] = views.fit(name, train, rotate)
        return self._views[name]

    def _seen(self, name: str) -> Floats:
        """Return the columns of a view, float32[N, Z], of all positions."""
        if name not in self._z:
            self._z[name] = self._view(name).of(self.data.boards)
        return self._z[name]

    def _adversarial(self) -> dict[str, Any]:
        data = self.data
        return adversarial.compare(
            self._seen("counts"), data.y, data.game, data.part == TEST, data.source, data.sources,
            settings=self.settings.of_adversarial, tell=self._tell)

    def _split(self, tell: Callable[[float], None]) -> dict[str, np.ndarray]:
        """Return places of the rows to fit, the most test-like tenth of train, and test."""
        data, how = self.data, self.settings.of_adversarial
        test = data.part == TEST
        like = adversarial.likeness(self._seen("counts"), data.game, test, how, how.seed, tell)
        train = np.flatnonzero(~test)
        held = adversarial.most_alike(like.p_test[train], data.game[train], how.share)
        return {"train": train[~held], "validation": train[held], "test": np.flatnonzero(test)}

    def _analysis(self) -> dict[str, Any]:
        data = self.data
        sample = analysis.Sample(data.boards, data.points, data.source, data.part == TEST,
                                 self._seen("counts"), data.sources)
        how = analysis.QUICK if self.settings.small else analysis.Settings()
        return analysis.analyse(sample, how, self._tell)

    def _embeddings(self) -> dict[str, Any]:
        return {name: {"columns": list(found.columns), **found.report}
                for name, found in self._all_maps(self._tell).items()}

    def _all_maps(self, tell: Callable[[float], None]) -> dict[str, Map]:
        """Return the maps of the folder, made where there are none yet."""
        path = self.folder / "maps.npz"
        if not self._maps and path.exists():
            self._maps = maps.read(path)
        if not self._maps:
            z, game, small = self._seen(MAPPED), self.data.game, self.settings.small
            seed = self.settings.seed
            learning = embedding.QUICK_LEARNING if small else embedding.LEARNING
            found = [embedding.fit_tsne(
                z, game, work=embedding.QUICK if small else embedding.FULL, seed=seed,
                tell=lambda share: tell(0.8 * share))]
            for number, noise in enumerate((0.0, 0.3)):
                found.append(embedding.fit_autoencoder(
                    z, game, noise=noise, learning=learning, seed=seed,
                    tell=lambda share, number=number: tell(  # type: ignore[misc]
                        0.8 + 0.1 * (number + share))))
            self._maps = {one.name: one for one in found}
            maps.write(path, found)
        return self._maps

    def _sights(self, names: Iterable[str], tell: Callable[[float], None]) -> ladder.Sights:
        """Return what models may see by these names, of all positions and of all siblings."""
        data, siblings = self.data, self.data.siblings
        of = {name: self._seer(name, tell) for name in dict.fromkeys(names)}
        return ladder.Sights(
            {name: see(data.boards) for name, see in of.items()}, data.y, data.game,
            {name: see(siblings.preferred) for name, see in of.items()},
            {name: see(siblings.other) for name, see in of.items()}, siblings.game)

    def _seer(
        self, name: str, tell: Callable[[float], None]
    ) -> Callable[[npt.NDArray[np.int8]], Floats]:
        """Return what makes the columns of this name of boards int8[N, 2, 25]."""
        if name in views.NAMES:
            return self._view(name).of
        found = self._all_maps(tell)[COLUMNS[name]]
        # One t-SNE is that of the picture, of two coordinates.
        kept = [i for i, column in enumerate(found.columns)
                if name != ONE or column.startswith("t-SNE 2-D 30 ")]
        see = self._view(MAPPED).of
        return lambda boards: found.of(see(boards))[:, kept]

    def _ladder(self) -> dict[str, Any]:
        split = self._split(self._part(0.0, 0.05))
        names = [name for rung in ladder.rungs(False).values() for name in rung.sees]
        sights = self._sights(names, self._part(0.05, 0.2))
        train = split.pop("train")
        return ladder.climb(sights, train, split, self.settings.of_ladder, self._part(0.2, 1.0))

    def _search(self) -> dict[str, Any]:
        split = self._split(self._part(0.0, 0.05))
        data, s = self.data, self.settings
        sights = self._sights([name for names in spaces.INPUTS for name in names],
                              self._part(0.05, 0.2))
        at = ladder.some_games(data.game, split["train"], s.rows, s.seed)
        valid = split["validation"]
        inputs = {" and ".join(names): (ladder.columns(sights, names, at),
                                        ladder.columns(sights, names, valid))
                  for names in spaces.INPUTS}
        found = search.search(
            spaces.all_spaces(s.small), inputs, (data.y[at], data.game[at]),
            (data.y[valid], data.game[valid]), trials=s.trials, seed=s.seed,
            tell=self._part(0.2, 1.0))
        return found._asdict()

    def _agents(self) -> dict[str, Any]:
        """Fit the members to all that is not test, write them and the ensemble, and let them play.
        """
        data, s, members = self.data, self.settings, []
        train, test = (np.flatnonzero((data.part == TEST) == which) for which in (False, True))
        rungs = ladder.rungs(s.small, members=True)
        sights = self._sights([name for rung in rungs.values() for name in rung.sees],
                              self._part(0.05, 0.2))
        for number, (name, rung) in enumerate(rungs.items()):
            low = 0.2 + 0.4 * number / len(rungs)
            fitted = ladder.fit(rung, sights, train, s.seed, self._part(low, low + 0.1))
            members.append(agents.Member(name, agents.Sight(self._view(rung.sees[0])), fitted))
        alone = {member.name: [member] for member in members}
        games = len(np.unique(data.game[train]))
        found = {}
        for number, (name, of) in enumerate({**alone, ladder.ENSEMBLE: members}.items()):
            agents.write(self.folder / f"{name}.npz", of, None, {**s.as_json(), "init": ""}, games,
                         s.seed)
            low = 0.6 + 0.4 * number / (len(alone) + 1)
            found[name] = self._measured(agents.agent(name, of), of, test,
                                         self._part(low, low + 0.4 / (len(alone) + 1)))
        return found

    def _measured(
        self, player: NetworkAgent, members: Sequence[agents.Member], test: np.ndarray,
        tell: Callable[[float], None],
    ) -> dict[str, Any]:
        """Return how well an agent foretells and plays."""
        data, s = self.data, self.settings
        found = agents.foretold(members, data.take(test))
        opponents: tuple[Agent, ...] = (RandomAgent(), PubevalAgent())
        for number, opponent in enumerate(opponents):
            contest = play_contest(
                player, opponent, s.measure, s.seed,
                lambda done, total, number=number: tell(  # type: ignore[misc]
                    (number + done / total) / len(opponents)))
            found[opponent.name] = contest.as_json()
        return found


def _about(data: Positions) -> dict[str, Any]:
    """Return what the data set is, by source."""
    rows = []
    for number, name in enumerate(data.sources):
        mine = data.source == number
        rows.append({
            "source": name, "part": "test" if (data.part[mine] == TEST).any() else "train",
            "games": len(np.unique(data.game[mine])), "positions": int(mine.sum()),
            "won": float((data.points[mine] > 0).mean()),
            "gammons": float((abs(data.points[mine]) > 1).mean()),
            "bearoff": float(np.isfinite(data.truth[mine, 0]).mean())})
    return {"sources": rows, "siblings": len(data.siblings.game)}


def read(path: Path) -> dict[str, Any]:
    """Return a result that was saved.

    Raises:
        AgentError: it cannot be read, or is none of this study.
    """
    return results.read(
        path, lambda found: {"settings", "stopped", "data", "parts"} <= found.keys(),
        "the competition's pipeline")


def _taken_up(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the result in the folder, or one without parts."""
    path = folder / RESULT
    fresh = {"settings": settings.as_json(), "stopped": False, "data": {}, "parts": {}}
    found = taken_up(path, fresh, read)
    if found is None:
        results.begin(path)
        results.save(fresh, path)
    return found or fresh
