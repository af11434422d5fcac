"""Network inputs of a position.

Tesauro's 198 units, as Sutton & Barto describe them (Reinforcement Learning, 2nd ed., 16.1): for
either side and each of its 24 points four units, of which the first three are on for at least one,
two and three checkers and the fourth is (n - 3) / 2; half the checkers on the bar; a fifteenth of
the checkers borne off; two units that say who is on roll. The board is always seen by the player
on roll, so the last two are constantly 1 and 0; they are kept for being the published input.

Layout, for the player on roll and then for the opponent: 96 units of points (own 1-point first),
bar, off. Then the two units of the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_FROM = np.array([0, 1, 2, 3], np.int8)
_UP_TO = np.array([1, 1, 1, 12], np.int8)
_SCALE = np.array([1, 1, 1, 0.5], np.float32)


def tesauro198(boards: Any, xp: Any = np) -> Any:
    """Return inputs float32[..., 198] of boards int8[..., 2, 25], the player on roll first.

    Args:
        boards: positions.
        xp: the array module, ``numpy`` or ``jax.numpy``.
    """
    lead = boards.shape[:-2]
    points = boards[..., :24]
    units = xp.clip(points[..., None] - _FROM, 0, _UP_TO).astype(np.float32) * _SCALE
    bar = boards[..., 24:].astype(np.float32) / 2
    off = (15 - boards.sum(-1, keepdims=True)).astype(np.float32) / 15
    sides = xp.concatenate([units.reshape(*lead, 2, 96), bar, off], axis=-1)
    turn = xp.broadcast_to(np.array([1, 0], np.float32), (*lead, 2))
    return xp.concatenate([sides.reshape(*lead, 196), turn], axis=-1)


@dataclass(frozen=True)
class FeatureSet:
    """A named, versioned way to turn boards into inputs; the name travels in every checkpoint."""

    name: str
    size: int
    encode: Callable[..., Any]


FEATURE_SETS = {"tesauro198-v1": FeatureSet("tesauro198-v1", 198, tesauro198)}


def feature_set(name: str) -> FeatureSet:
    """Return the feature set of that name; ``KeyError`` with the known names otherwise."""
    if name not in FEATURE_SETS:
        raise KeyError(f"unknown features {name!r}; known: {', '.join(FEATURE_SETS)}")
    return FEATURE_SETS[name]
