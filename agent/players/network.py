"""The player that makes the play its value network likes best (0-ply)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agent import endgame, outcome
from agent.features import feature_set
from agent.nets import numpy_nets
from agent.players.scored import ScoredAgent
from agent.protocol import Boards

# A block for jax: evaluating more positions than this at once would only cost memory.
_MANY = 4096


class NetworkAgent(ScoredAgent):
    """A value network that plays the after-position of highest cubeless equity, money play."""

    def __init__(self, name: str, net: str, settings: dict[str, Any], features: str, params: Any):
        """Make a player.

        Args:
            name: how results call it.
            net: name of the network in ``agent.nets``, with its ``settings``.
            features: name of the feature set.
            params: a tree of float32 arrays, ``{"params": ...}``.
        """
        super().__init__()
        self.name, self.net, self.settings = name, net, settings
        self.features = feature_set(features)
        self.params = params
        self._on_device: Any = None
        self._tables: Any = None
        self._evaluate: Any = None

    def evaluate(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return outcomes float32[B, 5]; see ``Evaluator.evaluate``."""
        return consistent(self._values(np.asarray(boards, np.int8).reshape(-1, 2, 25)))

    def _values(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return the net's outputs float32[B, 5], better in races and exact where all is over."""
        values = endgame.evaluated(boards, self._of_net)
        over = outcome.is_over(boards)
        return np.where(over[:, None], outcome.terminal(boards), values)

    def _of_net(self, boards: Boards) -> npt.NDArray[np.float32]:
        known = numpy_nets.NETS.get(self.net)
        if known is not None:
            return known.apply(self.params, self.features.encode(boards), self.settings)
        return self._evaluate_on_device(boards)

    def _evaluate_on_device(self, boards: Boards) -> npt.NDArray[np.float32]:
        import jax

        if self._evaluate is None:
            self._evaluate = jax.jit(self._device_evaluator())
        found = []
        for start in range(0, len(boards), _MANY):
            block = boards[start : start + _MANY]
            # Powers of two, so that only a few shapes are ever compiled.
            size = min(_MANY, 1 << (len(block) - 1).bit_length())
            padded = np.concatenate([block, np.repeat(block[:1], size - len(block), axis=0)])
            found.append(np.asarray(self._evaluate(self._net_on_device(), padded))[: len(block)])
        return np.concatenate(found) if found else np.zeros((0, 5), np.float32)

    def _device_evaluator(self) -> Any:
        from agent.greedy import evaluator
        from agent.nets.registry import apply_of

        return evaluator(apply_of(self.net, self.settings), self.features.encode)

    def scores(
        self, after: Boards, before: Boards, rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """Score by the equity the play leaves the mover."""
        return np.asarray(-outcome.equity(self._values(after)))

    def _net_on_device(self) -> Any:
        import jax

        if self._on_device is None:
            self._on_device = jax.device_put(self.params)
        return self._on_device

    def device_state(self) -> Any:
        """Return the parameters and what races are judged by, on the device."""
        if self._tables is None:
            self._tables = endgame.knowledge_on_device()
        return self._net_on_device(), self._tables

    def device_outcomes(self, precision: str = "float32") -> Any:
        """Return ``make(state) -> (words uint32[8, C] -> outcomes float32[5, C])``.

        Args:
            precision: of the factors of products; see ``TrainConfig``.
        """
        from agent.greedy import chooser

        choose = chooser(self.net, self.settings, self.features.name, precision)

        def make(state: Any) -> Any:
            params, tables = state
            return endgame.exact_in_bearoff(choose(params), tables)

        return make

    def device_scorer(self) -> Any:
        """Score likewise on the device."""
        from agent.greedy import by_equity

        outcomes = self.device_outcomes()
        return lambda state, boards: by_equity(outcomes(state))


def consistent(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return outcomes float32[B, 5] that can be: a backgammon is a gammon, a gammon is a win.

    A net's five outputs are independent and may miss that by a little.
    """
    win, wg, wbg, lg, lbg = np.moveaxis(values, -1, 0)
    wg, lg = np.minimum(wg, win), np.minimum(lg, 1 - win)
    return np.stack([win, wg, np.minimum(wbg, wg), lg, np.minimum(lbg, lg)], axis=-1)
