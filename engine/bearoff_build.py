"""One side's bear-off positions: their numbers, their moves, and solving them exactly.

A position is the 15 or fewer checkers on one player's own points 1-6. With `t[p]` checkers on point
`p` or beyond, its number is the sum over `p` of `C(t[p] + 6 - p, 7 - p)`, the combinatorial number
system (Knuth, The Art of Computer Programming 4A, 7.2.1.3). Positions come in order of their number
of checkers, 0 is the empty one, and every move leads to a lower number.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.board import CHECKERS
from engine.dice import ROLL_WEIGHTS, ROLLS

HOME = 6
FACES = 6
MAX_ROLLS = 31
"""No position needs as many rolls: 90 pips, and a roll moves at least 3."""

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# _RANKS[k, t] = C(t + k, k + 1): what t checkers on the points 6 - k and beyond add to the number.
_RANKS = np.array([[comb(t + k, k + 1) for t in range(CHECKERS + 1)] for k in range(HOME)],
                  np.int32)
# Of the 36 throws of two dice, how many make each roll: small integers, so that the mean of equal
# values is just that value.
_WAYS = np.rint(36 * ROLL_WEIGHTS)


def count_up_to(checkers: int) -> int:
    """Return how many positions have at most so many checkers; they have the lowest numbers.

    >>> count_up_to(6), count_up_to(15)
    (924, 54264)
    """
    return comb(checkers + HOME, HOME)


POSITIONS = count_up_to(CHECKERS)
ALL_ON = count_up_to(CHECKERS - 1)
"""The first position that still has all 15 checkers."""


def index(sides: Any, xp: Any = np) -> Any:
    """Return the number of each position, `int32[...]`, 0 to 54,263.

    Args:
        sides: integers `[..., 6 or more]`, one player's checkers from his own point 1; what stands
            beyond point 6 is not looked at. Rows of a board will do.
        xp: `numpy`, or `jax.numpy` for what is inside a `jax.jit`.

    >>> int(index(np.array([0, 0, 0, 0, 0, 0]))), int(index(np.array([0, 0, 0, 0, 0, 15])))
    (0, 54263)
    """
    beyond = xp.cumsum(sides[..., HOME - 1::-1].astype(np.int32), axis=-1)
    return xp.asarray(_RANKS)[np.arange(HOME), beyond].sum(-1, dtype=np.int32)


def positions() -> Ints:
    """Return every position in the order of its number: checkers on points 1-6, `int32[54264, 6]`.

    >>> positions()[:4].tolist()
    [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    """
    chosen = np.array(list(combinations(range(CHECKERS + HOME), HOME)), np.int32)
    beyond: Ints = (chosen - np.arange(HOME)).astype(np.int32)[:, ::-1]
    counts = beyond.copy()
    counts[:, :-1] -= beyond[:, 1:]
    return counts[np.argsort(index(counts))]


def moves(first: int = POSITIONS, *, larger_always: bool = False) -> Ints:
    """Return where every move leads, `int32[6, 6, 54264]`: [die - 1, point - 1, position].

    A move that is not legal leads to 54,264. Who has no checkers left stays where he is, by a
    move from point 1.

    Args:
        first: so many positions at most are looked at; others have no moves.
        larger_always: a die larger than needed bears off from any point, not only from the
            rearmost checker's.
    """
    counts = positions()[:first]
    beyond = counts[:, ::-1].cumsum(-1)[:, ::-1]
    table = np.full((FACES, HOME, POSITIONS), POSITIONS, np.int32)
    table[:, 0, 0] = 0
    for die in range(1, FACES + 1):
        for source in range(HOME):
            legal = counts[:, source] > 0
            # With more than needed, only the rearmost checker may go.
            if die > source + 1 and not larger_always:
                legal &= beyond[:, source] == counts[:, source]
            after = counts[legal]
            after[:, source] -= 1
            if source >= die:
                after[:, source - die] += 1
            table[die - 1, source, np.flatnonzero(legal)] = index(after)
    return table


def chances_still_on(table: Ints, done: npt.NDArray[np.bool_]) -> Floats:
    """Return the chance that a position is not yet done after n rolls, `float64[54264, 32]`.

    Each roll is played so that the mean number of rolls until it is done is least. Of plays with
    the same mean the one that begins with the larger die, from the lowest point, is taken.

    Args:
        table: what `moves` returns.
        done: `bool[54264]`, where to get to; it must hold position 0.

    All sums are of single terms in a fixed order, so the result is the same on every machine.
    """
    # The best mean that k more moves with one die lead to, [k, die, position], and to where:
    # the best whole play is then the best first move, and so on down. Row 0: no move is left.
    reached = np.full((4, FACES, POSITIONS + 1), np.inf)
    where = np.zeros((4, FACES, POSITIONS + 1), np.int32)
    reached[..., :-1][..., done] = 0
    where[..., :-1] = np.arange(POSITIONS)
    still = np.zeros((POSITIONS, MAX_ROLLS + 1))

    def best(die: int, then: tuple[int, int], level: Ints) -> tuple[Floats, Ints]:
        targets = table[die, :, level]
        means = reached[then][targets]
        pick = means.argmin(-1)[:, None]
        target = np.take_along_axis(targets, pick, -1)[:, 0]
        return np.take_along_axis(means, pick, -1)[:, 0], where[then][target]

    for level in _levels(done):
        means, rolls = np.zeros(len(level)), np.zeros((len(level), MAX_ROLLS + 1))
        for (high, low), ways in zip(ROLLS - 1, _WAYS, strict=True):
            if high == low:
                found, after = best(high, (3, high), level)
            else:
                found, after = best(high, (1, low), level)
                other, other_after = best(low, (1, high), level)
                after = np.where(other < found, other_after, after)
                found = np.minimum(found, other)
            means += ways * found
            rolls += ways * still[after]
        for die in range(FACES):
            for k in (1, 2, 3):
                reached[k, die, level], where[k, die, level] = best(die, (k - 1, die), level)
        reached[0][:, level] = 1 + means / _WAYS.sum()
        still[level, 0] = 1
        still[level, 1:] = rolls[:, :-1] / _WAYS.sum()
    return still


def _levels(done: npt.NDArray[np.bool_]) -> list[Ints]:
    """Return the positions not done, a level for each pip count, fewest pips first."""
    pips = positions() @ np.arange(1, HOME + 1)
    return [np.flatnonzero((pips == n) & ~done).astype(np.int32)
            for n in range(1, CHECKERS * HOME + 1)]


def after_plays(table: Ints, count: int) -> tuple[Ints, Ints]:
    """Return every after-position of every roll from the first `count` positions but position 0.

    Returns:
        `int32[A]`, the after-positions, those of one position and roll side by side, sorted by
        position and then by roll; and `int32[(count - 1) * 21]`, where each of these runs begins.
    """
    runs = []
    for roll, (high, low) in enumerate(ROLLS.tolist()):
        orders = [[high] * 4] if high == low else [[high, low], [low, high]]
        for dice in orders:
            pairs = np.arange(1, count, dtype=np.int64) * (count + 1)  # position and place, as one
            for die in dice:
                position, place = np.divmod(pairs, count)
                targets = table[die - 1, :, place]
                keys = position[:, None] * count + targets
                pairs = np.unique(keys[targets < count])
            position, place = np.divmod(pairs, count)
            runs.append((position * len(ROLLS) + roll) * count + place)
    run, after = np.divmod(np.unique(np.concatenate(runs)), count)
    _, starts = np.unique(run, return_index=True)
    return after.astype(np.int32), starts.astype(np.int32)


def chances_to_win(table: Ints, count: int) -> Floats:
    """Return the chance to win of the player on roll, `float64[count, count]`, both playing best.

    Element [i, j]: the player on roll has position i, the other one j, both among the first
    `count`. Nothing is played for gammons, so `count` must stay below the positions of 15 checkers.
    """
    after, starts = after_plays(table, count)
    rolls = len(ROLLS)
    win = np.zeros((count, count))
    lose = np.ones((count, count))  # lose[j, i] = 1 - win[i, j]: what is gathered lies in rows
    win[0], lose[:, 0] = 1, 0

    def settle(mover: int | slice, other: int | slice, chance: Any) -> None:
        win[mover, other] = chance
        lose[other, mover] = 1 - win[mover, other]

    # Every play leads to a lower number, so what is asked of n was settled at a step before it,
    # or just before within its step.
    bounds = np.append(starts, len(after))
    for n in range(1, count):
        first, last = (n - 1) * rolls, n * rolls
        options = after[bounds[first]:bounds[last]]
        inner = starts[first:last] - starts[first]
        settle(n, slice(1, n), _mean(np.maximum.reduceat(lose[options, 1:n], inner)))
        settle(n, n, _mean(np.maximum.reduceat(lose[options, n], inner)))
        if n > 1:
            best = np.maximum.reduceat(lose[after[:bounds[first]], n], starts[:first])
            settle(slice(1, n), n, _mean(best.reshape(n - 1, rolls).T))
    return win


def _mean(of_rolls: Floats) -> Any:
    """Return the mean over the rolls, the first axis, summed in their order."""
    total = np.zeros(of_rolls.shape[1:])
    for ways, row in zip(_WAYS, of_rolls, strict=True):
        total += ways * row
    return total / _WAYS.sum()
