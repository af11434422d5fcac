"""The luck of the dice in a game, and results with the luck taken out.

A roll's luck is what the position is worth after it, best played, less the mean of that over all
rolls, in the opinion of one fixed evaluator. The mean of it, before the roll, is zero whatever the
evaluator thinks and whoever plays; so the points of a game less its luck have the same mean as the
points, and the better the evaluator, the less they scatter.

Source: Douglas Zare, "Hedging Toward Skill", GammonVillage, 2000,
https://bkgm.com/articles/Zare/HedgingTowardSkill.html
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from agent import catalog
from agent.blocks import padded
from agent.errors import AgentError
from agent.players.network import NetworkAgent
from agent.protocol import Boards
from agent.quick import WITHIN, quick_for
from engine.dice import ROLL_WEIGHTS, ROLLS

# Every roll equally likely but doubles, which no game begins with.
_OPENING_WEIGHTS = np.where(ROLLS[:, 0] == ROLLS[:, 1], 0.0, 1 / 15)

# Boards a call: a large block for many games, a small one for the last games of a contest, which
# would wait for the filler of a large one. More sizes would cost more compilations than they save.
_BLOCKS = (512, 64)
_CHUNK = 2048


class Judge(Protocol):
    """An evaluator on the device: a ``ScoredAgent`` whose scores are equities, as a network's."""

    name: str

    def device_scorer(self) -> Any:
        """Return the scorer; see ``ScoredAgent.device_scorer``."""
        ...

    def device_state(self) -> Any:
        """Return the arrays the scorer is given."""
        ...


class RollValues:
    """What a position is worth after each of the 21 rolls, to a fixed judge."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._quick = quick_for(judge)
        self._jitted: Any = None

    def expected_values(self, boards: Boards) -> npt.NDArray[np.float32]:
        """Return the equity of the best play of each roll, float32[B, 21].

        Args:
            boards: int8[B, 2, 25], the player on roll first; no game is over.

        In points, cubeless, to the player on roll; the rolls are in the order of
        ``engine.dice.ROLLS``. Plays that end the game count what they win.
        """
        if self._jitted is None:
            self._jitted = _compile(self.judge, self._quick)
        quick_state = None if self._quick is None else self._quick.device_state()
        state = self.judge.device_state(), quick_state
        found = np.empty((len(boards), len(ROLLS)), np.float32)
        pending, start = [], 0
        while start < len(boards):
            left = len(boards) - start
            size = next((s for s in _BLOCKS if 2 * left > s), _BLOCKS[-1])
            stop = start + min(size, left)
            block = padded(boards[start:stop], size)
            pending.append((start, stop, self._jitted(state, block)))
            start = stop
        for start, stop, values in pending:
            found[start:stop] = np.asarray(values)[: stop - start]
        return found


def default_values() -> RollValues:
    """Return what the default agent thinks; raises AgentError if it is missing or no network."""
    judge = catalog.get(catalog.DEFAULT)
    if not isinstance(judge, NetworkAgent):
        raise AgentError(f"{catalog.DEFAULT} is no network; luck is measured by a network")
    return RollValues(judge)


def luck(
    values: npt.NDArray[np.float32], dice: npt.NDArray[np.int8], *, opening: bool
) -> npt.NDArray[np.float64]:
    """Return the luck of rolls, float64[B], in points, to the player who threw them.

    Args:
        values: float32[B, 21], the worth of each position after each roll; see ``RollValues``.
        dice: int8[B, 2], what was thrown.
        opening: whether these are first rolls of games, which are never doubles.
    """
    weights = _OPENING_WEIGHTS if opening else ROLL_WEIGHTS
    exact = values.astype(np.float64)
    high, low = dice.max(-1).astype(np.int64), dice.min(-1)
    # ROLLS lists 1 roll whose higher die is 1, then 2 with a 2, and so on.
    thrown = high * (high - 1) // 2 + low - 1
    return exact[np.arange(len(exact)), thrown] - exact @ weights


class Tally:
    """The luck of each of a batch of games, summed up.

    ``total`` float64[games]: of the agent's rolls less that of the opponent's, in points.
    """

    def __init__(self, values: RollValues, games: int) -> None:
        self._values = values
        self.total = np.zeros(games)

    def add(
        self,
        at: npt.NDArray[np.int64],
        boards: Boards,
        dice: npt.NDArray[np.int8],
        *,
        sign: npt.NDArray[np.int64],
        opening: bool,
    ) -> None:
        """Add the luck of one roll in each of the games ``at``.

        Args:
            at: int[B], numbers of different games.
            boards: int8[B, 2, 25], before the roll, the player on roll first.
            dice: int8[B, 2].
            sign: int[B], +1 where the agent is on roll, -1 where the opponent is.
            opening: whether these are the first rolls of the games.
        """
        values = self._values.expected_values(boards)
        self.total[at] += sign * luck(values, dice, opening=opening)


def _compile(judge: Judge, quick: NetworkAgent | None) -> Any:
    import jax
    import jax.numpy as jnp

    from agent.device import use_cache
    from agent.pruning import Pruning, best_found

    use_cache()
    make = judge.device_scorer()
    first_look = None if quick is None else quick.device_scorer()

    @jax.jit
    def best(states: Any, boards: Any) -> Any:
        state, quick_state = states
        games = boards.shape[0]
        each = jnp.repeat(boards, len(ROLLS), axis=0)
        dice = jnp.tile(jnp.asarray(ROLLS), (games, 1))
        pruning = first_look and Pruning(first_look(quick_state, each), WITHIN)
        found = best_found(each, dice, make(state, each), pruning, chunk=_CHUNK)
        return found.score.reshape(games, len(ROLLS))

    return best
