"""What races are worth: a net that knows one side's rolls to go, and the arithmetic of two sides.

In a race each side moves alone. So a small net is asked about one side at a time, how many rolls
it needs until all its checkers are off, and until the first one is, each played for the least mean
number of rolls; at home ``engine.bearoff`` knows both exactly. Two such sides are compared roll by
roll, which gives the chances to win and to win a gammon; ``engine.race`` adds the backgammons.
The net learned from races alone (``agent.race_training``).

Everything here takes NumPy and JAX arrays alike: ``xp`` is ``numpy`` or ``jax.numpy``.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from agent.checkpoint import flatten, unflatten, write_atomically
from agent.errors import CheckpointError
from engine import bearoff
from engine.bearoff_build import HOME
from engine.bearoff_build import index as home_index
from engine.board import CHECKERS
from engine.race import far_index

FORMAT = 1
FILE_NAME = "race.net"
HIDDEN = (128, 64)
INPUTS = 102
WAVES = 8
"""A shape has so many coefficients besides its mean."""

ROLLS = 64
"""Numbers of rolls told apart, 1 to 64; what would take longer counts as 64. No race comes near it:
the longest, 15 checkers on the 23-point, takes 42 rolls on average, give or take 3.4."""

_PIPS_A_ROLL = np.float32(49 / 6)
_N = np.arange(1, ROLLS + 1, dtype=np.float32)
# From the chances of 0, 1, ... 64 rolls to those of more than n.
_LONGER = np.tril(np.ones((ROLLS + 1, ROLLS + 1), np.float32), -1)
_POINTS = np.arange(1, 25, dtype=np.float32)
_OUTSIDE = np.maximum(_POINTS - HOME, 0).astype(np.float32)
_FROM = np.array([0, 1, 2, 3], np.float32)
_UP_TO = np.array([1, 1, 1, 12], np.float32)
_SCALE = np.array([1, 1, 1, 0.5], np.float32)


class Knowledge(NamedTuple):
    """All that races are judged by: the net and the tables, as NumPy or as JAX arrays."""

    net: Any
    """``{"hidden0": {"kernel", "bias"}, ..., "heads": ...}``, float32."""
    tables: bearoff.Bearoff
    stragglers: Any
    """float32[3003, 32] of ``engine.race``."""


class Shape(NamedTuple):
    """How the net describes a number of rolls: its mean float32[...] and float32[..., 8]."""

    mean: Any
    waves: Any


class Rolls(NamedTuple):
    """The chances that it takes 0, 1, ... 64 rolls, float32[..., 65]: all off, the first one off.

    The first one of 15; a side that has borne off some needs 0.
    """

    all_off: Any
    first_off: Any


def outcomes(knowledge: Knowledge, boards: Any, xp: Any = np) -> Any:
    """Return what races are worth to the player on roll, float32[..., 5]; see ``agent.outcome``.

    Args:
        knowledge: arrays of ``xp``.
        boards: int8[..., 2, 25]; of what is no race the result means nothing.
        xp: the array module.
    """
    (mine, my_first), (theirs, their_first) = (
        rolls_to_go(knowledge, side, xp) for side in _sides(boards, xp)
    )
    remain = _padded(knowledge.stragglers[far_index(boards, xp)], xp)
    remain = remain * (boards.sum(-1) == CHECKERS)[..., None]
    longer = theirs @ _LONGER
    none_off = my_first @ _LONGER, their_first @ _LONGER
    # I have made n rolls when he makes his n-th, he n - 1 when I make mine.
    win = (mine[..., 1:] * longer[..., :-1]).sum(-1)
    win_gammon = (mine[..., 1:] * none_off[1][..., :-1]).sum(-1)
    win_backgammon = (mine[..., 1:] * remain[..., 1, :-1]).sum(-1)
    lose_gammon = (theirs[..., 1:] * none_off[0][..., 1:]).sum(-1)
    lose_backgammon = (theirs[..., 1:] * remain[..., 0, 1:]).sum(-1)
    win = xp.clip(win, 0, 1)
    win_gammon = xp.minimum(win_gammon, win)
    lose_gammon = xp.minimum(lose_gammon, 1 - win)
    found = [win, win_gammon, xp.minimum(win_backgammon, win_gammon)]
    found += [lose_gammon, xp.minimum(lose_backgammon, lose_gammon)]
    return xp.stack(found, axis=-1)


def _sides(boards: Any, xp: Any) -> tuple[Any, Any]:
    """Return both sides int8[..., 25]; one row of a side that is the same in all of a batch."""
    mine, theirs = boards[..., 0, :], boards[..., 1, :]
    # After the plays of one roll only the mover's side differs; on the device nobody can tell.
    if xp is np and boards.ndim == 3 and (mine == mine[:1]).all():
        mine = mine[:1]
    return mine, theirs


def rolls_to_go(knowledge: Knowledge, sides: Any, xp: Any = np) -> Rolls:
    """Return how many rolls sides int8[..., 25] need, none of them on the bar."""
    points = sides[..., :24]
    left = points.sum(-1, dtype=np.int32)
    at_home = (points[..., HOME:] == 0).all(-1)[..., None]
    number = home_index(points, xp)
    exact = [_padded(t[number], xp) for t in (knowledge.tables.still_on,
                                              knowledge.tables.none_off)]
    said = shapes(knowledge.net, points, xp)
    chances = [
        xp.where(at_home, _ends(still, xp), _drawn(shape, least, xp))
        for still, shape, least in zip(exact, said, soonest(points, xp), strict=True)
    ]
    at_once = np.eye(1, ROLLS + 1, dtype=np.float32)[0]
    return Rolls(chances[0], xp.where((left < CHECKERS)[..., None], at_once, chances[1]))


def load(path: Path | None = None) -> dict[str, Any]:
    """Return the net of a file that ``save`` wrote, by default the one that ships.

    Raises:
        CheckpointError: it is missing, damaged or of another kind.
    """
    path = path or Path(str(resources.files("checkpoints"))) / FILE_NAME
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:
        # A damaged archive surfaces as almost any exception of the modules that read it.
        brief = (str(error).splitlines() or [""])[0][:100] or type(error).__name__
        raise CheckpointError(f"{path}: no net for races ({brief})") from error
    version = arrays.pop("format", None)
    if version is None or version.tolist() != FORMAT:
        raise CheckpointError(f"{path}: not a net for races of format {FORMAT}")
    if {k: v.shape for k, v in arrays.items()} != net_shapes(HIDDEN) or not all(
        v.dtype == np.float32 and np.isfinite(v).all() for v in arrays.values()
    ):
        raise CheckpointError(f"{path}: its arrays are not those of a net for races")
    return unflatten(arrays)


def save(path: Path, net: dict[str, Any]) -> None:
    """Write a net; the old file stays whole until the new one is."""
    arrays = {"format": np.array(FORMAT), **flatten(net)}
    write_atomically(path, lambda file: np.savez(file, **cast(Any, arrays)))


def net_shapes(hidden: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path."""
    widths = (INPUTS, *hidden, 2 * (1 + WAVES))
    names = [f"hidden{i}" for i in range(len(hidden))] + ["heads"]
    found: dict[str, tuple[int, ...]] = {}
    for name, before, after in zip(names, widths, widths[1:], strict=False):
        found[f"{name}/kernel"] = (before, after)
        found[f"{name}/bias"] = (after,)
    return found


def shapes(net: Any, points: Any, xp: Any = np) -> tuple[Shape, Shape]:
    """Return what the net says of int8[..., 24]: all off, the first one off."""
    x, least = inputs(points, xp)
    for i in range(len(net) - 1):
        layer = net[f"hidden{i}"]
        x = x @ layer["kernel"] + layer["bias"]
        x = x * (np.float32(0.5) * xp.tanh(np.float32(0.5) * x) + np.float32(0.5))
    heads = x @ net["heads"]["kernel"] + net["heads"]["bias"]
    half = heads.shape[-1] // 2
    first, second = heads[..., :half], heads[..., half:]
    return (
        Shape(first[..., 0] + least[0], first[..., 1:]),
        Shape(second[..., 0] + least[1], second[..., 1:]),
    )


def inputs(points: Any, xp: Any = np) -> tuple[Any, tuple[Any, Any]]:
    """Return the net's inputs float32[..., 102], and a first guess at both means float32[...].

    Four units for each point as ``agent.features`` has them; checkers left, and whether they are
    odd; pips, and pips outside the home board; checkers outside, and the rearmost one.
    """
    n = points.astype(np.float32)
    units = xp.clip(n[..., None] - _FROM, 0, _UP_TO) * _SCALE
    left, pips, outside = n.sum(-1), (n * _POINTS).sum(-1), (n * _OUTSIDE).sum(-1)
    more = [
        left / 15, left % 2, pips / 100, outside / 50, n[..., HOME:].sum(-1) / 15,
        ((n > 0) * _POINTS).max(-1) / 24,
    ]
    x = xp.concatenate([units.reshape(*n.shape[:-1], 96), xp.stack(more, axis=-1)], axis=-1)
    return x.astype(np.float32), (pips / _PIPS_A_ROLL + 1, outside / _PIPS_A_ROLL + 1)


def soonest(points: Any, xp: Any = np) -> tuple[Any, Any]:
    """Return fewer than which rolls are never enough, float32[...]: all off, the first one off.

    A roll moves at most four checkers, and those 24 pips.
    """
    n = points.astype(np.float32)
    four, pips = n.sum(-1) / 4, (n * _POINTS).sum(-1) / 24
    outside = ((n * _OUTSIDE).sum(-1) + 1) / 24
    return xp.maximum(xp.ceil(xp.maximum(four, pips)), 1), xp.ceil(outside)


def log_chances(shape: Shape, least: Any, xp: Any = np) -> Any:
    """Return the logarithms of the chances of 1, 2, ... 64 rolls, float32[..., 64].

    A bell around the mean, bent by Chebyshev polynomials. Fewer than ``least`` float32[...] rolls
    cannot be.
    """
    mean = xp.maximum(shape.mean, 1)[..., None]
    width = xp.sqrt(np.float32(0.2) + np.float32(0.16) * mean)
    z = (_N - mean) / width
    u = xp.clip(z / 4, -1, 1)
    logits, before, wave = np.float32(-0.5) * z * z, xp.ones_like(u), u
    for k in range(WAVES):
        logits = logits + shape.waves[..., k, None] * wave
        before, wave = wave, 2 * u * wave - before
    logits = xp.where(least[..., None] > _N, np.float32(-1e9), logits)
    logits = logits - logits.max(-1, keepdims=True)
    return logits - xp.log(xp.exp(logits).sum(-1, keepdims=True))


def _drawn(shape: Shape, least: Any, xp: Any) -> Any:
    """Return the chances float32[..., 65] of a shape; none of no roll."""
    chances = xp.exp(log_chances(shape, least, xp))
    return xp.concatenate([xp.zeros_like(chances[..., :1]), chances], axis=-1)


def _padded(still: Any, xp: Any) -> Any:
    """Return chances float32[..., k] to be still at it after n rolls, continued to 64 rolls."""
    rest = xp.zeros((*still.shape[:-1], ROLLS + 1 - still.shape[-1]), np.float32)
    return xp.concatenate([still, rest], axis=-1)


def _ends(still: Any, xp: Any) -> Any:
    """Return the chances float32[..., 65] of each number of rolls."""
    return xp.concatenate([1 - still[..., :1], still[..., :-1] - still[..., 1:]], axis=-1)
