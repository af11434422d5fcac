"""Fitted classifiers as agents: checkpoints of the net ``ensemble``, which play like any net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.checkpoint import Checkpoint, save
from agent.errors import AgentError
from agent.nets.numpy_classes import outcomes
from agent.nets.numpy_ensemble import geometric_mean
from agent.outcome import equity
from agent.players.network import NetworkAgent
from agent.protocol import Boards
from study.numerai.fitted import Fitted, Floats
from study.numerai.maps import Map
from study.numerai.positions import Positions
from study.numerai.scores import log_losses, mean_se
from study.numerai.views import FEATURES, View


class Sight(NamedTuple):
    """What a member sees: a view and, behind it, the columns of maps of another view."""

    view: View
    map: Map | None = None
    map_view: View | None = None

    def of(self, boards: Boards) -> Floats:
        """Return what a model sees float32[N, Z] of boards int8[N, 2, 25]."""
        z = self.view.of(boards)
        if self.map is None or self.map_view is None:
            return z
        return np.concatenate([z, self.map.of(self.map_view.of(boards))], axis=1)


class Member(NamedTuple):
    """A classifier and what it sees."""

    name: str
    sight: Sight
    fitted: Fitted

    def log_probs(self, boards: Boards) -> Floats:
        """Return log probabilities float32[N, 6] of the results of boards int8[N, 2, 25]."""
        return self.fitted.log_probs(self.sight.of(boards))


def _settings(member: Member) -> dict[str, Any]:
    sight, fitted = member.sight, member.fitted
    layers = {} if sight.map is None else sight.map.params
    hidden = [len(layers[f"hidden{i}"]["bias"]) for i in range(len(layers) - 1)]
    return {"name": member.name, "kind": fitted.kind, "settings": dict(fitted.settings),
            "view": len(sight.view.bias),
            "map_view": 0 if sight.map_view is None else len(sight.map_view.bias),
            "map_hidden": hidden, "map_codes": len(layers["out"]["bias"]) if layers else 0}


def _params(member: Member) -> dict[str, Any]:
    sight = member.sight
    found: dict[str, Any] = {"view": sight.view.params, "model": member.fitted.params}
    if sight.map is not None and sight.map_view is not None:
        found["map"] = {"view": sight.map_view.params, **sight.map.params}
    return found


def net(
    members: Sequence[Member], weights: npt.NDArray[np.float32] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings and parameters of the net ``ensemble`` of these members.

    Args:
        members: one at least.
        weights: float32[M] of the geometric mean, summing to one; equal ones by default.
    """
    count = len(members)
    equal = np.full(count, 1 / count, np.float32)
    params = {"weights": equal if weights is None else weights,
              **{f"member{i}": _params(member) for i, member in enumerate(members)}}
    return {"members": [_settings(member) for member in members]}, {"params": params}


def agent(
    name: str, members: Sequence[Member], weights: npt.NDArray[np.float32] | None = None
) -> NetworkAgent:
    """Return the player of these members; see :func:`net`."""
    settings, params = net(members, weights)
    return NetworkAgent(name, "ensemble", settings, FEATURES, params)


def write(
    path: Path, members: Sequence[Member], weights: npt.NDArray[np.float32] | None,
    config: Mapping[str, Any], games: int, seed: int,
) -> None:
    """Write the checkpoint of these members.

    Args:
        path: of the file.
        members: of the ensemble, one for a classifier alone.
        weights: see :func:`net`.
        config: how they were fitted, plain values.
        games: whose positions they were fitted to.
        seed: of the study.

    Raises:
        AgentError: the file cannot be written.
    """
    settings, params = net(members, weights)
    meta = {"features": FEATURES, "net": "ensemble", "settings": settings, "config": dict(config),
            "games": games, "seed": seed, "results": {}}
    try:
        save(path, Checkpoint(meta, params))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def foretold(
    members: Sequence[Member], rows: Positions, weights: npt.NDArray[np.float32] | None = None
) -> dict[str, Any]:
    """Return how well an ensemble foretells results, plain values.

    Args:
        members: of it.
        rows: positions it was not fitted to.
        weights: see :func:`net`.

    Returns:
        ``log_loss``, [mean, standard error by game]; ``chosen``, the share of siblings in which
        what the player chose is worth more, the same way; ``bearoff``, the root mean square
        difference of the chance to win from the bear-off tables' where these speak. ``None`` where
        there are none.
    """
    equal = np.full(len(members), 1 / len(members), np.float32)

    def said(boards: Boards) -> Floats:
        means: Floats = geometric_mean([one.log_probs(boards) for one in members],
                                       equal if weights is None else weights)
        return means

    log_probs, siblings = said(rows.boards), rows.siblings
    found: dict[str, Any] = {
        "log_loss": list(mean_se(log_losses(log_probs, rows.y), rows.game)),
        "chosen": None, "bearoff": None}
    mine = np.isin(siblings.game, np.unique(rows.game))
    if mine.any():
        # Both are seen by the opponent, to whom the better play leaves less.
        preferred, other = (equity(outcomes(said(boards[mine])))
                            for boards in (siblings.preferred, siblings.other))
        found["chosen"] = list(mean_se(preferred < other, siblings.game[mine]))
    known = np.isfinite(rows.truth[:, 0])
    if known.any():
        away = outcomes(log_probs[known])[:, 0] - rows.truth[known, 0]
        found["bearoff"] = float(np.sqrt((away**2).mean()))
    return found
