"""What positions are worth after looking ahead: n-ply expectimax over any value network.

Plies are counted as GNU Backgammon counts. The 0-ply outcome of a position is the net's own. The
n-ply outcome, n >= 1, is the mean over the 21 rolls of the player on roll of the (n - 1)-ply
outcome after his play, and the play he makes is the one of best 0-ply equity, cubeless. Finished
games count exactly what they are.

Nearly all of the work is in the last of several plies, so a large network leaves the choice of the
plays there to a quick net, and says itself what they are worth.

A choice among plays looks deeper at fewer of them: ``FILTERS``.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.blocks import padded
from agent.players.network import consistent
from agent.protocol import Agent, Boards, Evaluator
from agent.quick import WITHIN
from engine.dice import ROLL_WEIGHTS, ROLLS

# Positions a call: a large block for many games, small ones for one choice. Another size would
# cost another compilation.
_BLOCKS = (512, 64, 8)
# Positions looked into at once; the next ply has up to 21 times as many.
_PART = 512
# After-positions scored at a time; more are slower on a CPU, where they no longer fit the cache.
_CHUNK = 2048


@runtime_checkable
class Judge(Agent, Evaluator, Protocol):
    """A network as the search needs it: equities of plays and outcomes, on the device too."""

    def device_outcomes(self, precision: str = "float32") -> Any:
        """Return ``make(state) -> (words uint32[8, C] -> outcomes float32[5, C])``."""
        ...

    def device_state(self) -> Any:
        """Return the arrays the device's functions are given."""
        ...


class Replies(NamedTuple):
    """The plays of best 0-ply equity of N positions, for each of the rolls of ``dice.ROLLS``.

    ``boards`` int8[N, 21, 2, 25]: after the play, seen by the opponent. ``outcomes``
    float32[N, 21, 5]: what they are worth at 0-ply to the player who made the play.
    """

    boards: Boards
    outcomes: npt.NDArray[np.float32]

    def of(self, numbers: npt.NDArray[np.int64]) -> Replies:
        """Return those of the positions with these numbers."""
        return Replies(self.boards[numbers], self.outcomes[numbers])


class Filter(NamedTuple):
    """Which plays of a roll are looked at one ply deeper.

    At most ``keep`` of them, and none that is more than ``within`` points below the best, both by
    the equities of the ply before.
    """

    keep: int
    within: float


# For 1-ply and for 2-ply; deeper choices use the last again. docs/analysis.md has what they lose.
FILTERS = (Filter(8, 0.16), Filter(3, 0.08))


class Search:
    """Looks ahead for one judge."""

    def __init__(
        self,
        judge: Judge,
        precision: str | None = "float32",
        quick: Judge | None = None,
        within: float = WITHIN,
    ) -> None:
        """Look ahead for ``judge``.

        Args:
            judge: the network.
            precision: in which replies are compared (see ``TrainConfig``); ``None``: what is fast
                here. What the chosen reply is worth is always float32.
            quick: a small network that looks first; the judge compares only the replies that it
                puts ``within`` points of the best one. In the last of several plies it chooses
                alone. ``None``: the judge compares all of them.
        """
        self.judge = judge
        self.quick, self._within = quick, within
        self._precision = precision
        self._compiled: dict[bool, Any] = {}

    def outcomes(self, boards: Boards, plies: int) -> npt.NDArray[np.float32]:
        """Return n-ply outcomes float32[N, 5], for the player on roll before he rolls.

        Args:
            boards: int8[N, 2, 25], the player on roll first; games may be over.
            plies: 0 or more.
        """
        return self._outcomes(boards, plies, alone=False)

    def _outcomes(self, boards: Boards, plies: int, alone: bool) -> npt.NDArray[np.float32]:
        if plies == 0:
            return self.judge.evaluate(boards)
        found = outcome.terminal(boards)
        going = np.flatnonzero(~outcome.is_over(boards))
        for start in range(0, len(going), _PART):
            part = going[start : start + _PART]
            found[part] = self._mean(self.replies(boards[part], alone), plies)
        return found

    def _mean(self, replies: Replies, plies: int) -> npt.NDArray[np.float32]:
        """Return the n-ply outcomes float32[N, 5] of the positions with these replies."""
        values = replies.outcomes
        if plies > 1:
            after = replies.boards.reshape(-1, 2, 25)
            deeper = self._outcomes(after, plies - 1, alone=plies == 2)
            values = outcome.flip(deeper).reshape(values.shape)
        return np.einsum("nrk,r->nk", values, ROLL_WEIGHTS).astype(np.float32)

    def replies(self, boards: Boards, alone: bool = False) -> Replies:
        """Return the best play of each roll in boards int8[N, 2, 25]; no game is over.

        Args:
            boards: the positions.
            alone: the quick net, if there is one, chooses without the judge.
        """
        alone = alone and self.quick is not None
        if alone not in self._compiled:
            self._compiled[alone] = _compile(
                self.judge, self._precision, self.quick, None if alone else self._within)
        jitted = self._compiled[alone]
        # Many rolls lead to the same position where a side can hardly move.
        first, back = _distinct(boards)
        boards, state = boards[first], self._state()
        after = np.empty((len(boards), len(ROLLS), 2, 25), np.int8)
        values = np.empty((len(boards), len(ROLLS), outcome.N_OUTCOMES), np.float32)
        pending, start = [], 0
        while start < len(boards):
            left = len(boards) - start
            size = next((s for s in _BLOCKS if 2 * left > s), _BLOCKS[-1])
            stop = start + min(size, left)
            pending.append((start, stop, jitted(state, padded(boards[start:stop], size))))
            start = stop
        for start, stop, found in pending:
            after[start:stop], values[start:stop] = (np.asarray(x)[: stop - start] for x in found)
        return Replies(after, consistent(values)).of(back)

    def _state(self) -> Any:
        quick = None if self.quick is None else self.quick.device_state()
        return self.judge.device_state(), quick

    def best(
        self,
        after: Boards,
        owner: npt.NDArray[np.int64],
        games: int,
        plies: int,
        filters: tuple[Filter, ...] = FILTERS,
    ) -> npt.NDArray[np.int64]:
        """Return which play of each game is best at ``plies``, int64[games], numbers of plays.

        Args:
            after: int8[P, 2, 25], the legal after-positions of all games, seen by the opponent.
            owner: int64[P], whose they are, rising; each of ``games`` has one at least.
            plies: 0 or more.
            filters: ``filters[n - 1]`` says which plays are looked at with n plies; the last says
                it of all deeper ones. Of equal plays the first wins.
        """
        worth = -outcome.equity(self.judge.evaluate(after)).astype(np.float64)
        left, over = np.arange(len(after)), outcome.is_over(after)
        at, replies = left, None
        for ply in range(1, plies + 1):
            chosen = filters[min(ply, len(filters)) - 1]
            left = left[keep(worth[left], owner[left], chosen)]
            rivals = np.bincount(owner[left], minlength=games)[owner[left]]
            before, at = at, left[(rivals > 1) & ~over[left]]
            if not len(at):
                break
            # A ply looks at plays that the one before looked at: their replies are found once.
            replies = (self.replies(after[at]) if replies is None
                       else replies.of(np.searchsorted(before, at)))
            worth[at] = -outcome.equity(self._mean(replies, ply))
        return left[keep(worth[left], owner[left], Filter(1, 0.0))]


def keep(
    worth: npt.NDArray[np.float64], owner: npt.NDArray[np.int64], chosen: Filter
) -> npt.NDArray[np.int64]:
    """Return the numbers, rising, of the plays that a filter keeps of each game.

    Args:
        worth: float64[P], equities to the mover.
        owner: int64[P], the games, rising.
        chosen: the filter; of equal plays it keeps the first.
    """
    order = np.lexsort((-worth, owner))
    of = owner[order]
    begins = np.searchsorted(of, of)
    near = worth[order] >= worth[order][begins] - chosen.within
    return np.sort(order[near & (np.arange(len(order)) - begins < chosen.keep)])


def _distinct(boards: Boards) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which boards differ from those before, and for each board which of these it is."""
    rows = np.ascontiguousarray(boards.reshape(len(boards), 50)).view("V50")[:, 0]
    _, first, back = np.unique(rows, return_index=True, return_inverse=True)
    return first, back


def _compile(
    judge: Judge, precision: str | None, quick: Judge | None, within: float | None
) -> Any:
    """Return the jitted ``replies(states, boards)``; without ``within`` the quick net chooses."""
    import jax
    import jax.numpy as jnp

    from agent.device import fast_precision, use_cache
    from agent.greedy import by_equity
    from agent.pruning import Pruning, best_found
    from engine import packed
    from engine.afterstates import default_chunk

    use_cache()
    roughly = judge.device_outcomes(precision or fast_precision())
    outcomes_of = judge.device_outcomes()
    first_look = None if quick is None else quick.device_outcomes(precision or fast_precision())

    def compared(state: Any, quick_state: Any) -> tuple[Any, Any]:
        """Return by what replies are chosen, and what prunes."""
        if first_look is None:
            return by_equity(roughly(state)), None
        look = by_equity(first_look(quick_state))
        if within is None:
            return look, None
        return by_equity(roughly(state)), Pruning(look, within)

    @jax.jit
    def replies(states: Any, boards: Any) -> Any:
        state, quick_state = states
        each = jnp.repeat(boards, len(ROLLS), axis=0)
        dice = jnp.tile(jnp.asarray(ROLLS), (boards.shape[0], 1))
        chunk = min(_CHUNK, default_chunk(each.shape[0]))
        score, pruning = compared(state, quick_state)
        after = best_found(each, dice, score, pruning, chunk=chunk).boards
        theirs = jnp.moveaxis(outcomes_of(state)(packed.pack(after)), 0, -1)
        over = outcome.is_over(after)[:, None]
        values = outcome.flip(jnp.where(over, outcome.terminal(after), theirs))
        lead = boards.shape[0], len(ROLLS)
        return after.reshape(*lead, 2, 25), values.reshape(*lead, outcome.N_OUTCOMES)

    return replies
