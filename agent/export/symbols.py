"""The array module for :class:`agent.export.arrays.Array`: as ``numpy``, as far as nets need it.

Functions of constants alone are NumPy's. Where NumPy broadcasts a constant over the batch, it
stays one row here and is broadcast by whatever uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agent.export.arrays import Affine, Array, beside, broadcast
from agent.nets.numpy_recurrent import Ops


def _of_one(op: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    def function(x: Any) -> Any:
        return x.alone(op) if isinstance(x, Array) else plain(x)

    return staticmethod(function)


def _known(shape: Any) -> tuple[int, ...]:
    """Return a shape of constants: one row for the batch."""
    return tuple(1 if size is None else size for size in shape)


class _Rows(np.ndarray):  # type: ignore[type-arg]
    """A constant that has one row where arrays have the batch."""

    def reshape(self, *shape: Any, **kw: Any) -> Any:
        """Return it in another shape, in which ``None`` is the batch."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return super().reshape(_known(wanted), **kw)


class Symbols:
    """What stands for ``xp``."""

    exp = _of_one("Exp", np.exp)
    log = _of_one("Log", np.log)
    sqrt = _of_one("Sqrt", np.sqrt)
    tanh = _of_one("Tanh", np.tanh)
    abs = _of_one("Abs", np.abs)

    @staticmethod
    def log1p(x: Any) -> Any:
        """Return log(1 + x)."""
        return (x + 1.0).alone("Log") if isinstance(x, Array) else np.log1p(x)

    @staticmethod
    def maximum(x: Array, y: Any) -> Any:
        """Return the larger of two."""
        if not isinstance(y, Array) and np.ndim(y) == 0 and y == 0:
            return x.alone("Relu")
        return x.with_other("Max", y)

    @staticmethod
    def minimum(x: Array, y: Any) -> Any:
        """Return the smaller of two."""
        return x.with_other("Min", y)

    @staticmethod
    def clip(x: Array, low: float, high: float) -> Array:
        """Return x within bounds."""
        bounds = (x.constant_like(low), x.constant_like(high))
        return x.graph.node("Clip", (x, *bounds), x.shape, x.dtype)

    @staticmethod
    def where(condition: Array, x: Any, y: Any) -> Array:
        """Return x where the condition holds, elsewhere y."""
        arrays = [part for part in (x, y) if isinstance(part, Array)]
        dtype = arrays[0].dtype if arrays else np.asarray(x).dtype
        x, y = (p if isinstance(p, Array) else np.asarray(p).astype(dtype) for p in (x, y))
        if dtype == np.uint32:
            # ONNX Runtime chooses among unsigned integers only since lately; they wrap around.
            chosen = condition.astype(dtype)
            zero = not isinstance(y, Array) and not np.any(y)
            return chosen * x if zero else chosen * (x - y) + y
        shape = broadcast(condition.shape, x.shape, y.shape)
        return condition.graph.node("Where", (condition, x, y), shape, dtype)

    @staticmethod
    def sum(x: Array, axis: int, dtype: Any = None) -> Array:
        """Return the sum over an axis."""
        return (x if dtype is None else x.astype(dtype)).sum(axis)

    @staticmethod
    def concatenate(parts: Sequence[Any], axis: int = 0) -> Any:
        """Return arrays one behind the other."""
        arrays = [part for part in parts if isinstance(part, Array)]
        if not arrays:
            return np.concatenate(parts, axis)
        if arrays[0].ndim == 2 and axis in (-1, 1) and isinstance(arrays[0], Affine):
            together = beside(parts)
            if together is not None:
                return together
        assert len(arrays) == len(parts), "constants cannot be repeated over the batch"
        axis %= arrays[0].ndim
        sizes = [array.shape[axis] for array in arrays]
        whole = None if None in sizes else sum(size for size in sizes if size is not None)
        shape = (*arrays[0].shape[:axis], whole, *arrays[0].shape[axis + 1:])
        return arrays[0].graph.node("Concat", arrays, shape, arrays[0].dtype, axis=axis)

    @staticmethod
    def einsum(how: str, matrices: Array, vectors: Array) -> Array:
        """Return the products of matrices and vectors, a pair for each position."""
        assert how == "...cj,...j->...c", how
        return (matrices * vectors[..., None, :]).sum(-1)

    @staticmethod
    def zeros(shape: Any, dtype: Any = np.float32) -> Any:
        """Return zeros, one row for the batch."""
        return np.zeros(_known(shape), dtype).view(_Rows)

    @staticmethod
    def zeros_like(x: Any) -> Any:
        """Return zeros of the shape of x."""
        return x.with_other("Mul", 0) if isinstance(x, Array) else np.zeros_like(x)

    @staticmethod
    def broadcast_to(x: Any, shape: Any) -> Any:
        """Return x as it is, constants with one row for the batch."""
        return x if isinstance(x, Array) else np.broadcast_to(x, _known(shape))

    @staticmethod
    def asarray(x: Any, dtype: Any = None) -> Any:
        """Return x."""
        return x if isinstance(x, Array) else np.asarray(x, dtype)

    @staticmethod
    def swapaxes(x: Any, first: int, second: int) -> Any:
        """Exchange two axes of a constant."""
        return np.swapaxes(x, first, second)

    @staticmethod
    def pad(x: Any, width: int) -> Any:
        """Return a constant with zeros around it."""
        return np.pad(x, width)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    return x.alone("Sigmoid")


def relu(x: Array) -> Array:
    """Return the positive part."""
    return x.alone("Relu")


XP = Symbols()
OPS = Ops(XP, sigmoid, lambda share: (share > 0.5).astype(np.float32))
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": sigmoid, "relu": relu, "tanh": Symbols.tanh}
