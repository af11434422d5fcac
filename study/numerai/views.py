"""Views of positions: the numbers that models are given, scaled to 0..1, perhaps rotated.

A view is linear in Tesauro's inputs (``agent.features.tesauro198``), so that what is fitted to it
can be played with: ``agent.nets.numpy_views.seen``.

``counts``, 52 columns: checkers on the 24 points and the bar, and borne off, of the player on roll,
then of the opponent. ``points``, 102 columns: likewise, but which points are blots, then which
are made, then bar, borne off and the pip count. ``units``, 196 columns: Tesauro's inputs without
the two of the turn.

A rotation hides what the columns mean, as the competition's data are hidden: an orthogonal matrix,
random and fixed, behind the scaling.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.features import feature_set
from agent.protocol import Boards

FEATURES = "tesauro198-v1"
NAMES = ("counts", "points", "units")
Floats = npt.NDArray[np.float32]
_AT_ONCE = 8192


class View(NamedTuple):
    """``x @ kernel + bias`` of inputs x float32[..., 198]: kernel float32[198, Z], bias [Z]."""

    name: str
    kernel: Floats
    bias: Floats

    @property
    def params(self) -> dict[str, Floats]:
        """The parameters, as ``agent.nets.numpy_views`` takes them."""
        return {"kernel": self.kernel, "bias": self.bias}

    def of(self, boards: Boards) -> Floats:
        """Return what a model sees float32[N, Z] of boards int8[N, 2, 25]."""
        encode = feature_set(FEATURES).encode
        found = np.empty((len(boards), len(self.bias)), np.float32)
        for at in range(0, len(boards), _AT_ONCE):
            rows = slice(at, at + _AT_ONCE)
            found[rows] = encode(boards[rows]) @ self.kernel + self.bias
        return found


def _checkers() -> npt.NDArray[np.float64]:
    """Return the matrix [198, 52] from Tesauro's inputs to numbers of checkers."""
    matrix = np.zeros((198, 52))
    for side in range(2):
        x0, z0 = 98 * side, 26 * side
        for point in range(24):
            # The fourth unit is half the checkers above three.
            matrix[x0 + 4 * point:x0 + 4 * point + 4, z0 + point] = [1, 1, 1, 2]
        matrix[x0 + 96, z0 + 24], matrix[x0 + 97, z0 + 25] = 2, 15
    return matrix


def _points() -> npt.NDArray[np.float64]:
    """Return the matrix [198, 102] from Tesauro's inputs to blots, made points, bar, off, pips."""
    matrix, counts = np.zeros((198, 102)), _checkers()
    for side in range(2):
        x0, z0 = 98 * side, 51 * side
        for point in range(24):
            matrix[x0 + 4 * point, z0 + point] = 1
            matrix[x0 + 4 * point + 1, [z0 + point, z0 + 24 + point]] = -1, 1
        mine = counts[:, 26 * side:26 * side + 26]
        matrix[:, z0 + 48], matrix[:, z0 + 49] = mine[:, 24], mine[:, 25]
        matrix[:, z0 + 50] = mine[:, :25] @ np.arange(1, 26)
    return matrix


_MATRICES = {"counts": _checkers, "points": _points, "units": lambda: np.eye(198)[:, :196]}


def column_names(name: str) -> tuple[str, ...]:
    """Return what the columns of a view are, where it is not rotated.

    >>> column_names("counts")[:2], column_names("counts")[-2:]
    (('own 1', 'own 2'), ('their bar', 'their off'))
    """
    sides = ("own", "their")
    if name == "counts":
        places = [*map(str, range(1, 25)), "bar", "off"]
    elif name == "points":
        places = [*(f"{kind} {point}" for kind in ("blot", "made") for point in range(1, 25)),
                  "bar", "off", "pips"]
    else:
        places = [*(f"{point}.{unit}" for point in range(1, 25) for unit in range(1, 5)),
                  "bar", "off"]
    return tuple(f"{side} {place}" for side in sides for place in places)


def fit(name: str, boards: Boards, rotate: int | None = None) -> View:
    """Return a view whose columns go from 0 to 1 over these positions.

    Args:
        name: one of ``NAMES``.
        boards: int8[N, 2, 25], of the train part: what the scales are taken from.
        rotate: the seed of a rotation; ``None`` leaves the columns as they are.

    Raises:
        ConfigError: there is no such view.
    """
    if name not in NAMES:
        raise ConfigError(f"a view must be one of {', '.join(NAMES)}, not {name!r}")
    matrix = _MATRICES[name]()
    plain = View(name, matrix.astype(np.float32), np.zeros(matrix.shape[1], np.float32)).of(boards)
    low, high = (plain.min(0), plain.max(0)) if len(plain) else (plain.sum(0), plain.sum(0) + 1)
    scale = 1 / np.where(high > low, high - low, 1).astype(np.float64)
    kernel, bias = matrix * scale, -low * scale
    if rotate is not None:
        turn = _rotation(len(bias), rotate)
        kernel, bias = kernel @ turn, bias @ turn
    return View(name, kernel.astype(np.float32), bias.astype(np.float32))


def _rotation(columns: int, seed: int) -> npt.NDArray[Any]:
    """Return a random orthogonal matrix, all rotations and reflections alike likely.

    Mezzadri, Notices of the AMS 54 (2007) 592: the signs of R's diagonal must be undone.
    """
    q, r = np.linalg.qr(np.random.default_rng([seed, columns]).normal(size=(columns, columns)))
    return q * np.sign(np.diag(r))
