"""What a roll can do to a position, counted over all 36 rolls: inputs that raw points hide.

For either side: the chance of hitting a blot with the next roll, and a blot in its owner's home;
the chance that the rearmost checker gets past the opponent's points in front of it, and that it can
make its whole move; how long a prime stands before the opponent's rearmost checker; the chance that
a checker on the bar would stay there; how far the bearing off has come. For both together: who
leads the race, and whether it is one.

Everything is counted with bit masks of whole boards, one bit a point, so that all positions of a
batch are served by the same few hundred integer operations. Shots follow the rules of movement: a
checker needs every point it touches free, checkers on the bar enter first. Ideas of this kind are
as old as Berliner's BKG (Artificial Intelligence 14 (1980), 205-220) and Tesauro's Neurogammon.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

U = np.uint32
_POINTS = U((1 << 24) - 1)
_HOME = U(0x3F)
_THEIR_HOME = _POINTS ^ U((1 << 18) - 1)
_BAR = U(1 << 24)
_PLAIN = np.array([(a, b) for a in range(2, 7) for b in range(1, a)], U)
_DOUBLES = np.array([(a, a) for a in range(1, 7)], U)
_PRIMES = (2, 3, 4, 5, 6)

A_SIDE = 12
SHARED = 2
SIZE = 2 * A_SIDE + SHARED


class Side(NamedTuple):
    """One player's checkers in his own numbering, point 1 the lowest bit; each uint32[...].

    ``any``, ``made``: points with at least one, two of his checkers. ``their_blots``,
    ``their_made``: the opponent's. ``bar``, ``their_bar``, ``off``, ``pips``: counts.
    """

    any: Any
    made: Any
    their_blots: Any
    their_made: Any
    bar: Any
    their_bar: Any
    off: Any
    pips: Any


def inputs(me: Side, them: Side, xp: Any) -> list[Any]:
    """Return ``SIZE`` arrays float32[...], the player on roll first.

    Args:
        me, them: the player on roll and the opponent.
        xp: the array module, ``numpy`` or ``jax.numpy``.
    """
    race = rear(me, xp) + rear(them, xp) < 25
    pips = me.pips.astype(np.float32), them.pips.astype(np.float32)
    lead = (pips[1] - pips[0]) / (pips[0] + pips[1] + np.float32(1))
    return [*of_side(me, xp), *of_side(them, xp), lead * np.float32(4), race.astype(np.float32)]


def sides(points: Any, bar: Any, xp: Any) -> tuple[Side, Side]:
    """Return the player on roll and the opponent.

    Args:
        points: checkers on the points uint32[2, 24, ...], each player in his own numbering.
        bar: uint32[2, ...].
        xp: the array module.
    """
    lead = (1,) * (points.ndim - 2)
    bit = (U(1) << np.arange(24, dtype=U)).reshape(24, *lead)

    def mask(where: Any, bits: Any) -> Any:
        return xp.sum(xp.where(where, bits, U(0)), axis=1, dtype=np.uint32)

    mirrored = bit[::-1]
    some, two, blot = points >= 1, points >= 2, points == 1
    mine, made = mask(some, bit), mask(two, bit)
    seen_blots, seen_made = mask(blot, mirrored), mask(two, mirrored)
    distance = np.arange(1, 25, dtype=U).reshape(24, *lead)
    pips = xp.sum(points * distance, axis=1, dtype=np.uint32) + U(25) * bar
    off = U(15) - xp.sum(points, axis=1, dtype=np.uint32) - bar
    first, second = (
        Side(mine[i], made[i], seen_blots[j], seen_made[j], bar[i], bar[j], off[i], pips[i])
        for i, j in ((0, 1), (1, 0))
    )
    return first, second


def of_side(s: Side, xp: Any) -> list[Any]:
    """Return the ``A_SIDE`` inputs float32[...] of one player."""
    hit, hit_home, escape, full = _chances(s, xp)
    primes = _primes(s, xp)
    closed = _count(s.made & _HOME, xp).astype(np.float32) / np.float32(6)
    off = s.off.astype(np.float32)
    fives = [xp.clip(off - np.float32(gone), 0, 5) / np.float32(5) for gone in (5, 10)]
    return [hit, hit_home, escape, full, *primes, closed * closed, *fives]


def _chances(s: Side, xp: Any) -> tuple[Any, Any, Any, Any]:
    """Chances of a hit, of a hit in the victim's home, of an escape, of a whole move."""
    lead = (1,) * s.any.ndim
    free = ~s.their_made
    last = _rearmost_bit(s, xp)
    goal = _beyond(last, s.their_made, xp)
    totals = [U(0)] * 4
    for rolls, weight in ((_PLAIN, U(2)), (_DOUBLES, U(1))):
        a, b = (rolls[:, i].reshape(-1, *lead) for i in (0, 1))
        same = weight == 1
        shots = _double_shots(s, free, a, xp) if same else _shots(s, free, a, b, xp)
        shots = shots & s.their_blots
        ends, whole = _journey(last, free, a, b, same)
        for i, mask in enumerate((shots, shots & _THEIR_HOME, ends & goal, whole)):
            happens = xp.sum((mask != 0).astype(np.uint32), axis=0, dtype=np.uint32)
            totals[i] = totals[i] + weight * happens
    hit, hit_home, escape, full = (n.astype(np.float32) * np.float32(1 / 36) for n in totals)
    return hit, hit_home, escape, full


def _shots(s: Side, free: Any, a: Any, b: Any, xp: Any) -> Any:
    """Return where a checker may land with two different dice."""
    with_a, with_b = s.any >> a, s.any >> b
    unbarred = with_a | with_b | ((with_a & free) >> b) | ((with_b & free) >> a)
    enter_a, enter_b = (_BAR >> a) & free, (_BAR >> b) & free
    # One on the bar: it enters with one die, and any checker plays the other.
    after_a = xp.where(enter_a != 0, (s.any | enter_a) >> b, U(0))
    after_b = xp.where(enter_b != 0, (s.any | enter_b) >> a, U(0))
    enter = enter_a | enter_b
    barred = xp.where(s.bar == 1, enter | after_a | after_b, enter)
    return xp.where(s.bar == 0, unbarred, barred)


def _double_shots(s: Side, free: Any, die: Any, xp: Any) -> Any:
    """Return where a checker may land with a double."""
    enter = (_BAR >> die) & free
    reached = xp.where(s.bar > 0, enter, U(0))
    moving = s.any | reached
    can_move = (s.bar == 0) | (enter != 0)
    for k in range(4):
        # While checkers are on the bar every move is needed to enter them.
        able = (s.bar <= U(k)) & can_move
        landed = moving >> die
        reached = reached | xp.where(able, landed, U(0))
        moving = xp.where(able, landed & free, moving)
    return reached


def _journey(rear: Any, free: Any, a: Any, b: Any, same: bool) -> tuple[Any, Any]:
    """Return where the rearmost checker can stop, and where with its whole roll (two moves)."""
    first, other = (rear >> a) & free, (rear >> b) & free
    whole = ((first >> b) | (other >> a)) & free
    ends = first | other | whole
    if same:
        third = (whole >> a) & free
        ends = ends | third | ((third >> a) & free)
    return ends, whole


def rear(s: Side, xp: Any) -> Any:
    """Return the rearmost checker's point number int32[...], 25 on the bar, 0 if there is none."""
    filled = _fill_down(s.any | xp.where(s.bar > 0, _BAR, U(0)))
    return _count(filled, xp).astype(np.int32)


def _rearmost_bit(s: Side, xp: Any) -> Any:
    filled = _fill_down(s.any | xp.where(s.bar > 0, _BAR, U(0)))
    return filled & ~(filled >> U(1))


def _fill_down(mask: Any) -> Any:
    for step in (1, 2, 4, 8, 16):
        mask = mask | (mask >> U(step))
    return mask


def _beyond(rear: Any, wall: Any, xp: Any) -> Any:
    """Return the points past the last of the opponent's made points up to 12 pips ahead."""
    near = (_fill_down(rear) & ~rear) & ~_fill_down(rear >> U(13))
    wall = wall & near
    lowest = wall & (~wall + U(1))
    return xp.where(wall == 0, _POINTS, lowest - U(1))


def _primes(s: Side, xp: Any) -> list[Any]:
    """Return whether 2, 3, ... 6 points in a row stand before the opponent's rearmost checker."""
    theirs = s.their_blots | s.their_made
    behind = theirs & (~theirs + U(1))  # the opponent's rearmost is our lowest
    nobody = (theirs == 0) | (s.their_bar > 0)
    ahead = xp.where(nobody, _POINTS, ~((behind << U(1)) - U(1)))
    run = wall = s.made & ahead
    found = []
    for _ in _PRIMES:
        run = run & (wall >> U(1))
        wall = wall >> U(1)
        found.append((run != 0).astype(np.float32))
    return found


def _count(mask: Any, xp: Any) -> Any:
    """Return how many bits are set, uint32[...]."""
    m = mask - ((mask >> U(1)) & U(0x55555555))
    m = (m & U(0x33333333)) + ((m >> U(2)) & U(0x33333333))
    m = (m + (m >> U(4))) & U(0x0F0F0F0F)
    return (m * U(0x01010101)) >> U(24)
