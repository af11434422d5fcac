"""Legal plays by vectorised brute force, written apart from the engine: an oracle for batches.

Every checker is tried with every die in both orders, one move at a time for all positions of a
batch at once; after each move equal positions of one roll are merged. What used the most dice is
kept, and of single moves the larger die. Nothing is shared with `engine.plays` (a search of one
position) or `engine.afterstates` (bit masks); `tests.engine.bruteforce` is the oracle of this one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Boards = npt.NDArray[np.int8]
Owners = npt.NDArray[np.int64]

# A position's key is the sum of one of these for each checker, modulo 2**64. Two positions of one
# roll share it by chance about once in 10**13 batches.
_rng = np.random.default_rng(20_240_607)
_KEYS = _rng.integers(2**64, size=(2, 25), dtype=np.uint64)
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)


class _States(NamedTuple):
    """Positions seen by the mover, int8[M, 2, 25], whose they are and their keys uint64[M]."""

    boards: Boards
    owner: Owners
    key: npt.NDArray[np.uint64]


def after_positions(boards: Boards, dice: npt.NDArray[np.int8]) -> tuple[Boards, Owners]:
    """Return the after-positions int8[N, 2, 25], seen by the opponent, and their owners int64[N].

    `boards` is int8[B, 2, 25], `dice` int8[B, 2]; sorted as `in_order` sorts.
    """
    high, low, none = dice.max(1), dice.min(1), np.zeros(len(dice), np.int8)
    double = high == low
    more = np.where(double, high, none)
    orders = [_levels(boards, order) for order in
              ([high, low, more, more], [np.where(double, none, low), high])]
    used = np.stack([_dice_used(levels, len(boards)) for levels in orders])
    keep = used == used.max(0)
    # The first order alone tells it all if nothing moves, or one die only, the larger.
    keep[1] &= (used[0] != 0) | (used[1] != 0)
    keep[1] &= ~((used[0] == 1) & (used[1] == 1))
    parts = [(level, (kept & (counts == n))[level.owner])
             for levels, counts, kept in zip(orders, used, keep, strict=True)
             for n, level in enumerate(levels)]
    ended = np.concatenate([level.boards[chosen] for level, chosen in parts])
    owner = np.concatenate([level.owner[chosen] for level, chosen in parts])
    after, owners = in_order(ended[:, ::-1], owner)
    again = (after[1:] == after[:-1]).all((1, 2)) & (owners[1:] == owners[:-1])
    fresh = np.concatenate([[True], ~again])
    return after[fresh], owners[fresh]


def in_order(boards: Boards, owner: npt.NDArray[np.integer]) -> tuple[Boards, Owners]:
    """Return positions sorted by owner, below 2**16, and then by a hash of the position."""
    words = np.zeros((len(boards), 56), np.int8)
    words[:, :50] = boards.reshape(-1, 50)
    mixed = np.zeros(len(boards), np.uint64)
    for word in words.view(np.uint64).T:
        mixed = (mixed ^ word) * _ODD
        mixed ^= mixed >> np.uint64(32)
    order = np.argsort(owner.astype(np.uint64) << np.uint64(48) | mixed >> np.uint64(16))
    return boards[order], owner[order].astype(np.int64)


def _levels(boards: Boards, dice: list[npt.NDArray[np.int8]]) -> list[_States]:
    """Return the positions after 0, 1, ... moves with the dice int8[B] in the order given."""
    owner = np.arange(len(boards))
    levels = [_States(boards, owner, owner.astype(np.uint64) * _ODD)]
    for die in dice:
        levels.append(_moved(levels[-1], die[levels[-1].owner]))
    return levels


def _dice_used(levels: list[_States], batch: int) -> Owners:
    used = np.zeros(batch, np.int64)
    for n, level in enumerate(levels):
        used[level.owner] = n
    return used


def _moved(states: _States, die: npt.NDArray[np.int8]) -> _States:
    """Return the positions after every single move with the die int8[M]; with 0 there is none."""
    mine, theirs = states.boards[:, 0], states.boards[:, 1, 23::-1]
    source = np.arange(25, dtype=np.int8)
    target = source - die[:, None]
    landing = np.take_along_axis(theirs, np.clip(target, 0, 23).astype(np.int64), 1)
    on_board = (target >= 0) & (landing < 2)
    all_home = ~mine[:, 6:].any(1)
    rearmost = 24 - (mine[:, ::-1] > 0).argmax(1)
    bears_off = all_home[:, None] & ((target == -1)
                                     | ((target < -1) & (source == rearmost[:, None])))
    may_leave = (mine > 0) & ((source == 24) | (mine[:, 24:] == 0))
    row, out = np.nonzero(may_leave & (on_board | bears_off) & (die > 0)[:, None])
    into = target[row, out].astype(np.int64)
    stays = into >= 0
    hit = stays & (landing[row, out] == 1)

    key = states.key[row] - _KEYS[0, out]
    key[stays] += _KEYS[0, into[stays]]
    key[hit] += _KEYS[1, 24] - _KEYS[1, 23 - into[hit]]
    key, first = np.unique(key, return_index=True)
    row, out, into, stays, hit = (one[first] for one in (row, out, into, stays, hit))

    boards, at = states.boards[row], np.arange(len(row))
    boards[at, 0, out] -= 1
    boards[at[stays], 0, into[stays]] += 1
    boards[at[hit], 1, 23 - into[hit]] = 0
    boards[at[hit], 1, 24] += 1
    return _States(boards, states.owner[row], key)
