"""Which inputs one output unit uses, exactly: the support of its Jacobian in a net of ones.

The span of a unit (``agent.receptive_field.Field.span``) has every used input in it. It has more
than these where it reaches over the border, and where dilation, or a stride larger than the kernel,
leaves holes: inputs that no path of taps falls on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from agent.errors import LayerError
from agent.receptive_field import Measured, Taps

Array: TypeAlias = npt.NDArray[Any]


def used(net: Measured, unit: Sequence[int]) -> list[npt.NDArray[np.bool_]]:
    """Return for each node of a net which of its units an output unit uses.

    Args:
        net: from ``agent.receptive_field.measure``.
        unit: the output unit, an index for each axis.

    Returns:
        For each node an array bool[its size]; the first one is the input's.

    Raises:
        LayerError: there is no such unit.

    >>> from agent.receptive_field import Layer, measure
    >>> net = measure([Layer(1, stride=2), Layer(3, padding=1)], 8)
    >>> used(net, (1,))[0].nonzero()[0].tolist()
    [0, 2, 4]
    """
    return _back(net, unit, lambda *of: _window(*of) > 0, np.bool_)


def shares(net: Measured, unit: Sequence[int]) -> list[npt.NDArray[np.float64]]:
    """Return how much of an output unit comes from each unit, were all layers averages.

    Every layer averages its taps, padding included, and every join its branches, so what is less
    than 1 in the sum fell on padding. It shows where the weight of a field lies, for pictures:
    rounding takes what is below about 1e-16.

    Args:
        net, unit: see ``used``.

    Returns:
        For each node an array float64[its size].

    Raises:
        LayerError: there is no such unit.
    """
    def spread(values: Array, taps: Taps, padded: int) -> Array:
        return np.maximum(_window(values, taps, padded), 0) / taps.kernel

    return _back(net, unit, spread, np.float64)


def _back(
    net: Measured, unit: Sequence[int], spread: Callable[[Array, Taps, int], Array], dtype: Any
) -> list[Array]:
    """Return what arrives at every node when an output unit is followed back to the input."""
    values: list[Array] = [np.zeros(node.size, dtype) for node in net.nodes]
    values[-1][_index(net, unit)] = 1
    # Sources stand before those that look at them, so a value is complete when it is passed on.
    for node, value in zip(reversed(net.nodes), reversed(values), strict=True):
        if node.taps is not None:
            for axis, taps in enumerate(node.taps):
                length = net.nodes[node.sources[0]].size[axis]
                padded = spread(np.moveaxis(value, axis, -1), taps,
                                taps.before + length + taps.after)
                inside = padded[..., taps.before : taps.before + length]
                value = np.moveaxis(inside, -1, axis)
        elif dtype is np.float64:
            value = value / max(len(node.sources), 1)
        for source in node.sources:
            values[source] += value
    return values


def _window(values: Array, taps: Taps, padded: int) -> Array:
    """Return for each unit of the padded input, on the last axis, the sum of all that tap it."""
    *rest, units = values.shape
    # Rows of `dilation` units one below the other, so that the taps of a unit stand in a column.
    rows = -(-padded // taps.dilation)
    placed = np.zeros((*rest, rows * taps.dilation),
                      np.float64 if values.dtype == np.float64 else np.int64)
    placed[..., : (units - 1) * taps.stride + 1 : taps.stride] = values
    if taps.kernel > 1:
        sums = placed.reshape(*rest, rows, taps.dilation).cumsum(-2)
        placed = sums.copy()
        placed[..., taps.kernel:, :] -= sums[..., : -taps.kernel, :]
        placed = placed.reshape(*rest, rows * taps.dilation)
    return placed


def _index(net: Measured, unit: Sequence[int]) -> tuple[int, ...]:
    size = net.output.size
    if len(unit) != len(size) or not all(0 <= u < n for u, n in zip(unit, size, strict=True)):
        last = "x".join(str(n - 1) for n in size)
        raise LayerError(f"there is no output unit {'x'.join(map(str, unit))}; they are numbered "
                         f"{'x'.join('0' * len(size))} to {last}")
    return tuple(unit)
