"""Fits multinomial logistic regression, plain or with L2, of degree 1 or 2.

As scikit-learn's ``LogisticRegression`` behind ``PolynomialFeatures`` and ``MinMaxScaler``: the
weights of the expanded columns, each scaled to 0..1, are what L2 holds small. What is minimised,
of N rows, in nats:

    mean log loss + |weights|^2 / (2 C N)

so that C means what it means there: the larger, the less is held, and less with more rows. The
intercepts are free. The scales are folded into the parameters afterwards.

By L-BFGS (Liu & Nocedal 1989, Math. Programming 45; SciPy's), in coordinates in which the loss
bends alike in all directions, about: the products of columns of 0..1 differ much in how far they
vary. The expanded columns are never laid out but for a block of rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import linalg
from scipy.optimize import minimize

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES, log_softmax
from agent.nets.numpy_logistic import expanded, logits, pairs
from study.numerai.fitted import Fitted, Floats
from study.numerai.scores import Ints

Doubles = npt.NDArray[np.float64]
Tell = Callable[[float], None]
MAX_ITER = 300
# Largest gradient, in nats by a weight of a scaled column: scikit-learn's own tolerance.
TOLERANCE = 1e-4
# Gradients smaller than this drown in the rounding of float32; to reach them takes float64.
_FINE = 1e-5
# Nats that the loss could still fall by, about.
_LEFT = 2e-6
_BLOCK = 2048
# Rows that tell how the columns vary together, at most.
_TELLING = 40_000
# Directions in which the columns hardly vary count as if they varied by this share of all that the
# columns vary by; float32 tells no less.
_FLOOR = 1e-6
# Ranges below are taken for none, as MinMaxScaler does: such a column stays as it is.
_NO_RANGE = 10 * float(np.finfo(np.float32).eps)


class NotConverged(UserWarning):
    """The best weights were not reached; those that were are returned."""


class _Scales(NamedTuple):
    """Of the expanded columns: means, ranges float64[E]; covariance float64[E, E] when scaled."""

    mean: Doubles
    reach: Doubles
    covariance: Doubles


def fit(
    z: Floats, y: Ints, *, degree: int = 2, c: float | None = None, max_iter: int = MAX_ITER,
    tolerance: float = TOLERANCE, tell: Tell = lambda fraction: None,
) -> Fitted:
    """Fit a regression; nothing in it is random.

    Args:
        z: columns float32[N, Z].
        y: classes of the results int64[N]. A class that none has ends with a probability of about
            ``tolerance``.
        degree: 1, or 2 for squares and products of two columns as well.
        c: what C is in scikit-learn; ``None`` for no L2.
        max_iter: iterations of L-BFGS at most.
        tolerance: the largest gradient that counts as none; below 1e-5 all is computed in float64.
        tell: called with the share of ``max_iter`` that is done, and with 1; may raise.

    Returns:
        Of kind ``logistic``; its report says ``converged``, how often the loss was looked at
        (``evaluations``), ``iterations``, the largest ``gradient``, ``left``: nats that the loss
        could still fall by, about; the train ``loss``, ``c`` and ``rows``. Where it has not
        converged, :class:`NotConverged` is warned of too.

    Raises:
        ConfigError: a setting makes no sense.
    """
    _check(z, y, degree, c, max_iter)
    z = np.ascontiguousarray(z, np.float32 if tolerance >= _FINE else np.float64)
    problem = _Problem(z, y, degree, 0.0 if c is None else 1 / (c * len(z)))
    tell(0.0)
    report = problem.solve(max_iter, tolerance, tell)
    if not report["converged"]:
        warnings.warn(f"logistic regression of degree {degree}, C {c}, {len(z)} rows: after "
                      f"{report['iterations']} iterations the gradient is "
                      f"{report['gradient']:.1e}, not {tolerance:.0e}", NotConverged, stacklevel=2)
    tell(1.0)
    kernel, bias = problem.folded()
    return Fitted("logistic", {"degree": degree}, {"outcome": {"kernel": kernel, "bias": bias}},
                  {**report, "c": c, "rows": len(z)})


def _check(z: Floats, y: Ints, degree: int, c: float | None, max_iter: int) -> None:
    checks = [
        (degree in (1, 2), f"degree must be 1 or 2, not {degree}"),
        (c is None or 0 < c < np.inf, f"C must be above 0, or none for no L2, not {c}"),
        (max_iter >= 1, f"there must be one iteration at least, not {max_iter}"),
        (z.ndim == 2 and y.shape == z.shape[:1] and len(z) >= 1,
         f"there must be a class for every row, not {list(y.shape)} for {list(z.shape)}"),
    ]
    for right, message in checks:
        if not right:
            raise ConfigError(message)


class _Problem:
    """What is minimised, and where it stands: weights float64[E, 6] of scaled columns, intercepts.

    The intercepts are those of columns less their means, so that they hardly bear on the weights.
    """

    def __init__(self, z: Floats, y: Ints, degree: int, penalty: float) -> None:
        self._z, self._y, self._degree, self._penalty = z, y, degree, penalty
        self._scales = _scales(z, degree)
        share = (np.bincount(y, minlength=N_CLASSES) + 0.5) / (len(y) + 0.5 * N_CLASSES)
        bend = share * (1 - share)
        self._evened = _Evened(self._scales.covariance, bend, penalty)
        self._intercept_steps = 1 / np.sqrt(bend)
        self._start = np.log(share)
        self.weights = np.zeros((expanded(z.shape[1], degree), N_CLASSES))
        self.intercepts, self._gradient, self._value = self._start, np.inf, np.inf

    def solve(self, max_iter: int, tolerance: float, tell: Tell) -> dict[str, Any]:
        """Minimise; return what there is to say of it."""
        done, left = 0, np.inf

        def after(intermediate_result: Any) -> None:
            nonlocal done, left
            done += 1
            left = float((self._slope**2).sum()) / 2
            tell(min(done / max_iter, 1.0))
            if self._gradient <= tolerance and left <= _LEFT:
                raise StopIteration

        size = self.weights.size + N_CLASSES
        found = minimize(self._at, np.zeros(size), jac=True, method="L-BFGS-B", callback=after,
                         options={"maxiter": max_iter, "maxfun": 4 * max_iter, "maxcor": 20,
                                  "ftol": 0.0, "gtol": 0.0})
        self._at(found.x)
        left = float((self._slope**2).sum()) / 2
        return {"converged": self._gradient <= tolerance and left <= _LEFT, "iterations": done,
                "evaluations": int(found.nfev), "gradient": self._gradient, "left": left,
                "loss": self._value}

    def folded(self) -> tuple[Floats, Floats]:
        """Return kernel float32[E, 6] and bias float32[6] for columns that are not scaled."""
        kernel = self.weights / self._scales.reach[:, None]
        # Each class may have its share of what all have alike, which changes nothing.
        kernel -= kernel.mean(1, keepdims=True)
        bias = self.intercepts - self._scales.mean @ kernel
        return kernel.astype(np.float32), (bias - bias.mean()).astype(np.float32)

    def _at(self, at: Doubles) -> tuple[float, Doubles]:
        """Return what is minimised and its gradient, both in the even coordinates."""
        part = at.reshape(-1, N_CLASSES)
        self.weights = self._evened.weights(part[:-1])
        self.intercepts = self._start + self._intercept_steps * part[-1]
        kernel = self.weights / self._scales.reach[:, None]
        loss, by_kernel, by_bias = _loss(
            self._z, self._y, kernel, self.intercepts - self._scales.mean @ kernel, self._degree)
        by_weights = (by_kernel - np.outer(self._scales.mean, by_bias)
                      ) / self._scales.reach[:, None] + self._penalty * self.weights
        self._value = loss
        self._gradient = float(max(np.abs(by_weights).max(), np.abs(by_bias).max()))
        self._slope = np.concatenate([self._evened.slope(by_weights),
                                      (self._intercept_steps * by_bias)[None]])
        return loss + self._penalty / 2 * float((self.weights**2).sum()), self._slope.ravel()


def _loss(
    z: Floats, y: Ints, kernel: Doubles, bias: Doubles, degree: int
) -> tuple[float, Doubles, Doubles]:
    """Return the mean log loss and its gradients by kernel float64[E, 6] and bias float64[6]."""
    columns, total, by_bias = z.shape[1], 0.0, np.zeros(N_CLASSES)
    linear = np.zeros((columns, N_CLASSES))
    square = np.zeros((columns, N_CLASSES, columns))
    kernel, bias = kernel.astype(z.dtype), bias.astype(z.dtype)
    for rows in _blocks(len(z)):
        some, right = z[rows], y[rows, None]
        log_probs = log_softmax(logits(kernel, bias, some, degree))
        total -= float(np.take_along_axis(log_probs, right, axis=1).sum(dtype=np.float64))
        wrong = np.exp(log_probs)
        np.put_along_axis(wrong, right, np.take_along_axis(wrong, right, 1) - 1, axis=1)
        linear += some.T @ wrong
        by_bias += wrong.sum(0, dtype=np.float64)
        if degree == 2:
            scaled = (wrong[:, :, None] * some[:, None]).reshape(len(some), -1)
            square += (some.T @ scaled).reshape(square.shape)
    first, second = pairs(columns)
    by_kernel = linear if degree == 1 else np.concatenate([linear, square[first, :, second]])
    return total / len(z), by_kernel / len(z), by_bias / len(z)


class _Evened:
    """Coordinates float64[E, 6] of the weights in which the loss bends alike everywhere, about.

    That of class k bends by ``bend[k] * covariance + penalty``, about (Boehning 1992, Ann. Inst.
    Statist. Math. 44, has a bound of the kind): its Cholesky factor evens it.
    """

    def __init__(self, covariance: Doubles, bend: Doubles, penalty: float) -> None:
        size = len(covariance)
        least = _FLOOR * max(float(covariance.trace()), 1e-9)
        even = np.eye(size)
        self._lower = [linalg.cholesky(one * (covariance + least * even) + penalty * even,
                                       lower=True) for one in bend]

    def weights(self, at: Doubles) -> Doubles:
        """Return the weights at these coordinates."""
        return self._each(at, "T")

    def slope(self, by_weights: Doubles) -> Doubles:
        """Return the gradient by coordinates of one by weights."""
        return self._each(by_weights, "N")

    def _each(self, columns: Doubles, turned: str) -> Doubles:
        return np.stack([linalg.solve_triangular(lower, column, trans=turned, lower=True)
                         for lower, column in zip(self._lower, columns.T, strict=True)], axis=1)


def _scales(z: Floats, degree: int) -> _Scales:
    size = expanded(z.shape[1], degree)
    low, high, sums = np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size)
    for rows in _blocks(len(z)):
        some = _expanded(z[rows], degree)
        low, high = np.minimum(low, some.min(1)), np.maximum(high, some.max(1))
        sums += some.sum(1, dtype=np.float64)
    reach, mean = np.where(high - low < _NO_RANGE, 1.0, high - low), sums / len(z)
    telling, gram = z[:: -(-len(z) // _TELLING)], np.zeros((size, size))
    for rows in _blocks(len(telling)):
        some = _expanded(telling[rows], degree)
        some -= mean.astype(np.float32)[:, None]
        some /= reach.astype(np.float32)[:, None]
        gram += some @ some.T
    return _Scales(mean, reach, gram / len(telling))


def _expanded(z: Floats, degree: int) -> Floats:
    """Return the expanded columns as rows, float32[E, N]: made ten times as fast as ``expand``."""
    columns = np.ascontiguousarray(z.T)
    if degree == 1:
        return columns
    found = np.empty((expanded(len(columns), 2), len(z)), z.dtype)
    found[: len(columns)] = columns
    at = len(columns)
    for i in range(len(columns)):
        np.multiply(columns[i:], columns[i], out=found[at : at + len(columns) - i])
        at += len(columns) - i
    return found


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(at, at + _BLOCK) for at in range(0, rows, _BLOCK))
