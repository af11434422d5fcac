"""Arrays that record what is done with them as nodes of an ONNX graph.

The nets' own functions take NumPy and jax arrays alike. Given an :class:`Array` of this module and
the array module of ``agent.export.symbols``, the same functions write a graph: what is exported is
not a second copy of a net that could drift away from it. What depends on no input is computed by
NumPy meanwhile and becomes a constant. Products with constants stay open, so that biases, and the
features in front of a first layer, become part of one node ``Gemm``; see :class:`Affine`.

The operators are those of ONNX (onnx.ai/onnx/operators), opset 18; ``agent.export.savedmodel`` says
the same in TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agent.export.graph import Graph

Shape = tuple[int | None, ...]
# A product of two products is taken beforehand unless that makes the matrix much larger.
_WORTH = 1.25


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape of shapes together, where ``None`` is the batch.

    >>> broadcast((None, 1), (5,))
    (None, 5)
    """
    found: list[int | None] = []
    for axis in range(max(map(len, shapes))):
        sizes = {shape[len(shape) - 1 - axis] for shape in shapes if axis < len(shape)} - {1}
        if len(sizes) > 1:
            raise ValueError(f"shapes {shapes} do not fit")
        found.append(sizes.pop() if sizes else 1)
    return tuple(found[::-1])


class Array:
    """What a node gives: its ``name``, ``shape`` (``None``: the batch) and ``dtype``."""

    # NumPy's arrays and numbers leave operators with these to us.
    __array_ufunc__ = None

    def __init__(self, graph: Graph, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.graph, self._name, self.shape, self.dtype = graph, name, shape, dtype
        self._flags: Array | None = None  # Those of which this is the same in numbers.

    @property
    def name(self) -> str:
        """Return what the graph calls it."""
        return self._name

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)

    def constant_like(self, value: Any) -> np.ndarray:
        """Return a constant as what it is beside this array: of the same dtype."""
        return np.asarray(value).astype(self.dtype)

    def with_other(self, op: str, other: Any, swapped: bool = False, dtype: Any = None) -> Array:
        """Record an operator of two, this one the first unless they are ``swapped``."""
        if not isinstance(other, Array):
            other = self.constant_like(other)
        shape = broadcast(self.shape, other.shape)
        pair = (other, self) if swapped else (self, other)
        extra = {}
        if op.startswith("BitShift"):
            op, extra = "BitShift", {"direction": op.removeprefix("BitShift").upper()}
        return self.graph.node(op, pair, shape, dtype or self.dtype, **extra)

    def alone(self, op: str, shape: Shape | None = None, dtype: Any = None, **kw: Any) -> Array:
        """Record an operator of this array alone."""
        return self.graph.node(op, (self,), self.shape if shape is None else shape,
                               dtype or self.dtype, **kw)

    def __add__(self, other: Any) -> Array:
        if not isinstance(other, Array) and not np.any(other) and np.ndim(other) == 0:
            return self
        if isinstance(other, Affine) and other.takes(self):
            return other + self
        return self.with_other("Add", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Array:
        return self.with_other("Sub", other)

    def __rsub__(self, other: Any) -> Array:
        return self.with_other("Sub", other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Array) and np.ndim(other) == 0:
            if other == 1:
                return self
            if other == 0:
                return np.zeros((), self.dtype)
        return self.with_other("Mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Array:
        return self.with_other("Div", other)

    def __neg__(self) -> Array:
        return self.alone("Neg")

    def _bits(self, name: str, other: Any, swapped: bool = False) -> Array:
        return self.with_other(name if self.dtype == bool else f"Bitwise{name}", other, swapped)

    def __and__(self, other: Any) -> Array:
        return self._bits("And", other)

    def __or__(self, other: Any) -> Array:
        return self._bits("Or", other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Array:
        return self.alone("Not" if self.dtype == bool else "BitwiseNot")

    def __lshift__(self, other: Any) -> Array:
        return self.with_other("BitShiftLeft", other)

    def __rshift__(self, other: Any) -> Array:
        return self.with_other("BitShiftRight", other)

    def __lt__(self, other: Any) -> Array:
        return self.with_other("Less", other, dtype=bool)

    def __le__(self, other: Any) -> Array:
        return self.with_other("LessOrEqual", other, dtype=bool)

    def __gt__(self, other: Any) -> Array:
        return self.with_other("Greater", other, dtype=bool)

    def __ge__(self, other: Any) -> Array:
        return self.with_other("GreaterOrEqual", other, dtype=bool)

    def __eq__(self, other: Any) -> Any:
        return self.with_other("Equal", other, dtype=bool)

    def __ne__(self, other: Any) -> Any:
        if self.dtype == np.uint32 and not isinstance(other, Array) and not np.any(other):
            return self > other  # One node instead of two.
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment]

    def __matmul__(self, other: Any) -> Array:
        if isinstance(other, Array):
            # Of matrices for each position, as fast weights are.
            shape = (*broadcast(self.shape[:-2], other.shape[:-2]), self.shape[-2],
                     other.shape[-1])
            return self.graph.node("MatMul", (self, other), shape, self.dtype)
        other = self.constant_like(other)
        if self.ndim == 2 and other.ndim == 2:
            return Affine(self, other, None)
        return self.graph.node("MatMul", (self, other), (*self.shape[:-1], *other.shape[1:]),
                               self.dtype)

    def astype(self, dtype: Any) -> Array:
        """Return the same numbers as another dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        source = self if self._flags is None else self._flags
        made = source.alone("Cast", dtype=dtype, to=dtype)
        made._flags = source if source.dtype == bool else None
        return made

    def reshape(self, *shape: Any) -> Array:
        """Return the same numbers in another shape; ``None`` or -1 is the batch."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        found = tuple(None if size in (None, -1) else int(size) for size in wanted)
        if found == self.shape:
            return self
        sizes = np.array([-1 if size is None else size for size in found], np.int64)
        return self.graph.node("Reshape", (self, sizes), found, self.dtype)

    def _over(self, op: str, axis: int, keepdims: bool) -> Array:
        axis %= self.ndim
        kept = (1,) if keepdims else ()
        shape = (*self.shape[:axis], *kept, *self.shape[axis + 1:])
        return self.graph.node(op, (self, np.array([axis], np.int64)), shape, self.dtype,
                               keepdims=int(keepdims))

    def sum(self, axis: int, keepdims: bool = False) -> Array:
        """Return the sum over an axis."""
        if self.dtype == np.uint32:  # ONNX Runtime sums no unsigned integers.
            return self.astype(np.int32)._over("ReduceSum", axis, keepdims).astype(np.uint32)
        return self._over("ReduceSum", axis, keepdims)

    def mean(self, axis: int, keepdims: bool = False) -> Array:
        """Return the mean over an axis."""
        return self._over("ReduceMean", axis, keepdims)

    def max(self, axis: int, keepdims: bool = False) -> Array:
        """Return the largest over an axis."""
        return self._over("ReduceMax", axis, keepdims)

    def __getitem__(self, key: Any) -> Array:
        """Return a part: slices of step 1, whole numbers, ``None`` and an ellipsis."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            missing = self.ndim - sum(k is not None and k is not Ellipsis for k in keys)
            keys[at:at + 1] = [slice(None)] * missing
        axis, found = 0, self
        for k in keys:
            if k is None:
                found = found._with_axis(axis)
            elif isinstance(k, slice):
                found = found._part(axis, k)
            else:
                shape = (*found.shape[:axis], *found.shape[axis + 1:])
                found = self.graph.node("Gather", (found, np.int64(k)), shape, self.dtype,
                                        axis=axis)
                continue
            axis += 1
        return found

    def _with_axis(self, axis: int) -> Array:
        shape = (*self.shape[:axis], 1, *self.shape[axis:])
        return self.graph.node("Unsqueeze", (self, np.array([axis], np.int64)), shape, self.dtype)

    def _part(self, axis: int, part: slice) -> Array:
        if part == slice(None):
            return self
        size = self.shape[axis]
        assert size is not None and part.step in (None, 1), "no part of the batch can be taken"
        first, past, _ = part.indices(size)
        if (first, past) == (0, size):
            return self
        shape = (*self.shape[:axis], max(0, past - first), *self.shape[axis + 1:])
        where = (np.array([value], np.int64) for value in (first, past, axis))
        return self.graph.node("Slice", (self, *where), shape, self.dtype)


class Affine(Array):
    """``base @ matrix + offset``, not recorded before its name is asked for.

    ``base`` float32[N, K]; ``matrix`` float32[K, M]; ``offset`` float32[M], another array
    float32[N, M], or ``None``.
    """

    def __init__(self, base: Array, matrix: np.ndarray, offset: np.ndarray | Array | None) -> None:
        super().__init__(base.graph, "", (base.shape[0], matrix.shape[1]), base.dtype)
        self.base, self.matrix, self.offset = base, matrix, offset

    @property
    def name(self) -> str:
        """Return what the graph calls it, and record it if it is new."""
        if not self._name:
            parts = [self.base, self.matrix.astype(np.float32)]
            if self.offset is not None:
                parts.append(self.offset if isinstance(self.offset, Array)
                             else self.offset.astype(np.float32))
            op = "MatMul" if self.offset is None else "Gemm"
            self._name = self.graph.node(op, parts, self.shape, self.dtype).name
        return self._name

    def takes(self, other: Any) -> bool:
        """Say whether ``other`` can be added within the same node."""
        if self._name:
            return False
        if isinstance(other, Array):
            return self.offset is None and other.shape == self.shape
        one_row = np.ndim(other) == 0 or np.size(other) == np.shape(other)[-1]
        return one_row and not isinstance(self.offset, Array)

    def __add__(self, other: Any) -> Array:
        if isinstance(other, Affine) and not self.takes(other) and other.takes(self):
            return other + self
        if not self.takes(other):
            return super().__add__(other)
        if isinstance(other, Array):
            return Affine(self.base, self.matrix, other)
        known = np.zeros(self.matrix.shape[1]) if self.offset is None else self.offset
        assert isinstance(known, np.ndarray)
        return Affine(self.base, self.matrix, known + np.ravel(other))

    __radd__ = __add__

    def __matmul__(self, other: Any) -> Array:
        rows, columns = self.matrix.shape
        small = rows <= _WORTH * columns and not isinstance(self.offset, Array)
        if isinstance(other, Array) or np.ndim(other) != 2 or not small or self._name:
            return super().__matmul__(other)
        kernel = np.asarray(other, np.float64)
        offset = None if self.offset is None else self.offset @ kernel
        return Affine(self.base, self.matrix @ kernel, offset)


def beside(parts: Sequence[Any]) -> Affine | None:
    """Return constant columns and products of one base beside each other, ``None`` if they differ.

    Args:
        parts: float32[..., C] each, at least one of them no constant.
    """
    ours = [part for part in parts if isinstance(part, Affine)]
    base, matrices, offsets = ours[0].base, list[np.ndarray](), list[np.ndarray]()
    for part in parts:
        if not isinstance(part, Array):
            offsets.append(np.ravel(part))
            matrices.append(np.zeros((ours[0].matrix.shape[0], offsets[-1].size)))
        elif isinstance(part, Affine) and part.base is base and not isinstance(part.offset, Array):
            matrices.append(part.matrix)
            offsets.append(np.zeros(part.matrix.shape[1]) if part.offset is None else part.offset)
        else:
            return None
    return Affine(base, np.hstack(matrices), np.concatenate(offsets))
