"""From the board int8[N, 2, 25] to what a net sees, with few nodes.

Of the count n of each of the 50 slots the graph keeps min(n, 1), min(n, 2), min(n, 3) and n, the
*steps*. All of Tesauro's units are linear in these, as are checkers borne off; so the inputs are
one matrix, which goes into the first layer of a net. The counts of ``agent.tactics`` are not linear
and stand behind the steps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from agent import tactics
from agent.export.arrays import Affine, Array
from agent.export.graph import Graph
from agent.export.symbols import XP
from agent.features import FeatureSet

SLOTS = 50
STEPS = 4 * SLOTS
# Each of the four units of a point in terms of the four steps of its count.
UNITS_OF_STEPS = np.array([[1, 0, 0, 0], [-1, 1, 0, 0], [0, -1, 1, 0], [0, 0, -0.5, 0.5]])
_TESAURO = 198
_MOST = 15


class Position(NamedTuple):
    """What is known of a position.

    ``board`` int8[N, 2, 25], the input itself; ``steps`` float32[N, 200], by step and then by
    slot, those of the player on roll first; ``more`` float32[N, K], inputs behind Tesauro's 198,
    or ``None``; ``inputs`` float32[N, F], those of the features.
    """

    board: Array
    steps: Array
    more: Array | None
    inputs: Affine


def position(graph: Graph, features: FeatureSet) -> Position:
    """Record the input ``board`` and what is made of it."""
    board = graph.input("board", (None, 2, 25), np.int8)
    counts = board.reshape(None, 1, SLOTS).astype(np.float32)
    limits = np.array([1, 2, 3, _MOST], np.float32)[:, None]
    steps = XP.minimum(counts, limits).reshape(None, STEPS)
    matrix, offset = tesauro()
    if features.name == "tesauro198-v1":
        return Position(board, steps, None, Affine(steps, matrix, offset))
    if features.name != "tactics224-v1":
        raise ValueError(f"no graph of the features {features.name}")
    more = XP.concatenate(_tactics(counts.reshape(None, SLOTS)), axis=-1)
    whole = np.zeros((STEPS + tactics.SIZE, features.size))
    whole[:STEPS, :_TESAURO] = matrix
    whole[STEPS + np.arange(tactics.SIZE), _TESAURO + _order()] = 1
    both = XP.concatenate([steps, more], axis=-1)
    return Position(board, steps, more,
                    Affine(both, whole, np.concatenate([offset, np.zeros(tactics.SIZE)])))


def tesauro() -> tuple[np.ndarray, np.ndarray]:
    """Return matrix float64[200, 198] and offset float64[198]: Tesauro's inputs of steps."""
    matrix, offset = np.zeros((4, 2, 25, _TESAURO)), np.zeros(_TESAURO)
    for side in range(2):
        first, bar, off = 98 * side, 98 * side + 96, 98 * side + 97
        for point in range(24):
            units = first + 4 * point + np.arange(4)
            matrix[:, side, point, units] = UNITS_OF_STEPS.T
        matrix[3, side, 24, bar] = 0.5
        matrix[3, side, :, off], offset[off] = -1 / _MOST, 1
    offset[196] = 1  # Whose turn it is.
    return matrix.reshape(STEPS, _TESAURO), offset


def rounded_alike(seen: Position) -> Array:
    """Return inputs float32[N, F] that are the features' own to the last bit.

    For ensembles: LightGBM's trees ask whether a number is above 1e-35, so that a zero has to be
    one, and squares make much of small errors. What is a fraction in Tesauro's inputs is whole
    before it is divided.
    """
    matrix, offset = tesauro()
    parts = np.ones(_TESAURO)
    for first in (0, 98):
        parts[first + 3 : first + 96 : 4] = parts[first + 96] = 2
        parts[first + 97] = _MOST
    whole = Affine(seen.steps, np.rint(matrix * parts), np.rint(offset * parts))
    found = whole / parts.astype(np.float32)
    if seen.more is None:
        return found
    order = np.argsort(_order()).astype(np.int64)
    more = seen.more.graph.node("Gather", (seen.more, order), seen.more.shape, np.float32, axis=1)
    return XP.concatenate([found, more], axis=-1)  # type: ignore[no-any-return]


def of_counts(weights: np.ndarray) -> np.ndarray:
    """Return float64[200, C]: a linear function of counts float64[2, 25, C], of steps."""
    whole = np.zeros((4, SLOTS, weights.shape[-1]))
    whole[3] = weights.reshape(SLOTS, -1)
    return whole.reshape(STEPS, -1)


def _order() -> np.ndarray:
    """Return which input of ``agent.tactics`` each column of :func:`_tactics` is."""
    sides = np.arange(2 * tactics.A_SIDE).reshape(2, tactics.A_SIDE).T
    return np.concatenate([sides.ravel(), 2 * tactics.A_SIDE + np.arange(tactics.SHARED)])


def _tactics(counts: Array) -> list[Array]:
    """Return the inputs of ``agent.tactics``, both players' beside each other: float32[N, 1 or 2].

    Masks of points are sums of powers of two below 2 ** 24, which float32 holds exactly whatever
    the order of the sum.
    """
    bit = 2.0 ** np.arange(24)
    weights = np.zeros((2, 25, 2, 2))  # side, slot, own or mirrored, whose column
    for side in range(2):
        weights[side, :24, 0, side] = bit
        weights[side, :24, 1, 1 - side] = bit[::-1]
    masks = weights.reshape(SLOTS, 4)
    some = (counts > 0).astype(np.float32) @ masks
    two = (counts > 1).astype(np.float32) @ masks
    mine, made = some[..., :2].astype(np.uint32), two[..., :2].astype(np.uint32)
    blots = (some - two)[..., 2:].astype(np.uint32)
    their_made = two[..., 2:].astype(np.uint32)
    numbers = counts @ _linear() + np.array([0] * 4 + [_MOST] * 2 + [0] * 2, np.float32)
    bar, their_bar, off, pips = (numbers[..., i : i + 2] for i in range(0, 8, 2))
    both = tactics.Side(mine, made, blots, their_made, bar, their_bar, off, pips)
    rear = tactics.rear(both, XP)
    race = (rear[..., :1] + rear[..., 1:] < 25).astype(np.float32)
    mine, theirs = pips[..., :1], pips[..., 1:]
    lead = (theirs - mine) / (mine + theirs + 1.0) * 4.0
    return [*tactics.of_side(both, XP), lead, race]


def _linear() -> np.ndarray:
    """Return float32[50, 8]: bar, the other's bar, what is off less 15, and pips, of counts."""
    found: Any = np.zeros((2, 25, 4, 2), np.float32)
    for side in range(2):
        found[side, 24, 0, side] = found[side, 24, 1, 1 - side] = 1
        found[side, :, 2, side] = -1
        found[side, :, 3, side] = np.arange(1, 26)
    return found.reshape(SLOTS, 8)
