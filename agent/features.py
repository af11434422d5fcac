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

from agent import tactics

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


def tesauro198_columns(words: Any, dtype: Any) -> Any:
    """Return the same inputs as whole numbers, one a row: dtype[196, B] of words uint32[8, B].

    Whole numbers are exact in bfloat16 too. Layout: 192 units of points, the player on roll first;
    then checkers on the bar and borne off. ``_TESAURO198_ORDER`` and ``_TESAURO198_SCALE`` say
    which input each row is and what it has to be multiplied by.
    """
    import jax.numpy as jnp

    from engine import packed

    batch = words.shape[1]
    points = packed.counts(words).astype(jnp.int32).reshape(48, 1, batch)
    units = jnp.clip(points - _FROM[:, None], 0, _UP_TO[:, None]).reshape(192, batch)
    off = 15 - packed.checkers(words).astype(jnp.int32)
    bar = packed.bars(words).astype(jnp.int32)
    return jnp.concatenate([units.astype(dtype), bar.astype(dtype), off.astype(dtype)], axis=0)


_TESAURO198_ORDER = np.concatenate([np.r_[:96], np.r_[98:194], [96, 194, 97, 195]])
_TESAURO198_SCALE = np.concatenate([np.tile(_SCALE, 48), [0.5, 0.5, 1 / 15, 1 / 15]])


def tactics224(boards: Any, xp: Any = np) -> Any:
    """Return inputs float32[..., 224]: Tesauro's 198 and the 26 of ``agent.tactics``."""
    lead = boards.shape[:-2]
    slots = xp.moveaxis(boards.reshape(-1, 2, 25).astype(np.uint32), 0, -1)
    more = tactics.inputs(*tactics.sides(slots[:, :24], slots[:, 24], xp), xp)
    columns = xp.stack(more, axis=-1).reshape(*lead, tactics.SIZE)
    return xp.concatenate([tesauro198(boards, xp), columns], axis=-1)


def tactics224_columns(words: Any, dtype: Any) -> Any:
    """Return the same, one input a row: dtype[222, B]; see :func:`tesauro198_columns`."""
    import jax.numpy as jnp

    from engine import packed

    both = tactics.sides(packed.counts(words), packed.bars(words), jnp)
    more = jnp.stack(tactics.inputs(*both, jnp))
    return jnp.concatenate([tesauro198_columns(words, dtype), more.astype(dtype)], axis=0)


@dataclass(frozen=True)
class FeatureSet:
    """A named, versioned way to turn boards into inputs; the name travels in every checkpoint.

    ``encode(boards, xp)`` gives the inputs float32[..., size]. ``columns(words, dtype)``, where
    there is one, gives the same of packed boards (``engine.packed``) as dtype[K, B], one input a
    row: row k times ``scale[k]`` is input ``order[k]``. Inputs that ``constant`` float32[size]
    holds are not among the rows. ``extends`` names the features with which the inputs begin.
    """

    name: str
    size: int
    encode: Callable[..., Any]
    columns: Callable[..., Any] | None = None
    order: Any = None
    scale: Any = None
    constant: Any = None
    extends: str | None = None

    def fold(self, kernel: Any, bias: Any) -> tuple[Any, Any]:
        """Return a first layer for ``columns``: kernel float32[H, K], bias float32[H].

        Args:
            kernel: float32[size, H] for ``encode``.
            bias: float32[H].
        """
        scale = self.scale.astype(np.float32)
        return (kernel[self.order] * scale[:, None]).T, bias + self.constant @ kernel


FEATURE_SETS = {
    "tesauro198-v1": FeatureSet(
        "tesauro198-v1",
        198,
        tesauro198,
        tesauro198_columns,
        _TESAURO198_ORDER,
        _TESAURO198_SCALE,
        np.eye(198, dtype=np.float32)[196],
    ),
    "tactics224-v1": FeatureSet(
        "tactics224-v1",
        198 + tactics.SIZE,
        tactics224,
        tactics224_columns,
        np.concatenate([_TESAURO198_ORDER, np.arange(198, 198 + tactics.SIZE)]),
        np.concatenate([_TESAURO198_SCALE, np.ones(tactics.SIZE)]),
        np.eye(198 + tactics.SIZE, dtype=np.float32)[196],
        "tesauro198-v1",
    ),
}


def feature_set(name: str) -> FeatureSet:
    """Return the feature set of that name; ``KeyError`` with the known names otherwise."""
    if name not in FEATURE_SETS:
        raise KeyError(f"unknown features {name!r}; known: {', '.join(FEATURE_SETS)}")
    return FEATURE_SETS[name]
