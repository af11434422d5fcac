"""Random small nets of convolutions, and their Jacobians as jax computes them with ones alone."""

from __future__ import annotations

import jax
import numpy as np
from jax import lax

from agent.errors import LayerError
from agent.receptive_field import Branches, Layer, Measured, measure

_NUMBERS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC")}


def random_net(rng: np.random.Generator, axes: int) -> tuple[tuple, tuple[int, ...], Measured]:
    """Return layers, the size of an input they fit on, and what was measured."""
    most = 28 if axes == 1 else 9
    while True:
        size = tuple(rng.integers(1, most, axes).tolist())
        layers = _path(rng, axes, int(rng.integers(1, 5 if axes == 1 else 4)), depth=0)
        if rng.random() < 0.2:  # Branches alone, with room for units that see no padding.
            size, layers = (most,) * axes, (_branches(rng, axes, 1),)
        try:
            net = measure(layers, size)
        except LayerError:
            continue
        if np.prod(net.output.size) > 1 or rng.random() < 0.1:
            return layers, size, net


def _path(rng, axes, length, depth):
    return tuple(_branches(rng, axes, depth + 1) if depth < 2 and rng.random() < 0.25
                 else _layer(rng, axes) for _ in range(length))


def _branches(rng, axes, depth):
    """Return branches that often fit together: of one stride, `same` or padded alike."""
    stride = int(rng.integers(1, 3))
    paths = [() if stride == 1 and rng.random() < 0.3 else
             _fitting(rng, axes, stride, depth) for _ in range(int(rng.integers(2, 4)))]
    if not any(paths):
        paths[0] = _fitting(rng, axes, stride, depth)
    return Branches(tuple(paths))


def _fitting(rng, axes, stride, depth):
    kernel, dilation = (tuple(rng.integers(1, 4, axes).tolist()) for _ in range(2))
    layer = Layer(kernel, stride, dilation, "same")
    if stride == 1 and rng.random() < 0.6:
        extents = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        before = [int(rng.integers(0, extent + 1)) for extent in extents]
        sides = tuple((b, e - b) for b, e in zip(before, extents, strict=True))
        layer = Layer(kernel, 1, dilation, sides)
    more = _branches(rng, axes, depth + 1) if depth < 2 and rng.random() < 0.2 else ()
    return (layer, more) if more else (layer,)


def _layer(rng, axes):
    def draw(low, high):
        return tuple(rng.integers(low, high, axes).tolist())

    kind = rng.random()
    if kind < 0.3:
        padding = ("same", "valid")[int(rng.integers(2))]
    elif kind < 0.6:
        padding = tuple(zip(draw(0, 4), draw(0, 4), strict=True))
    else:
        padding = draw(0, 4)
    return Layer(draw(1, 5), draw(1, 4), draw(1, 4), padding)


def jacobians(nets: list[tuple[tuple, tuple[int, ...]]]) -> list[np.ndarray]:
    """Return for each net float32[*output, *input]: what each input does to each output.

    The nets are linear, so they are given every unit vector; all in one program, because compiling
    is what takes time.
    """
    def all_outputs():
        outputs = []
        for layers, size in nets:
            ones = np.eye(int(np.prod(size)), dtype=np.float32).reshape(-1, *size, 1)
            outputs.append(_apply(layers, ones, len(size)))
        return outputs

    found = jax.jit(all_outputs)()
    return [np.moveaxis(np.asarray(out)[..., 0], 0, -1).reshape(*out.shape[1:-1], *size)
            for out, (_, size) in zip(found, nets, strict=True)]


def _apply(layers, x, axes):
    for layer in layers:
        if isinstance(layer, Branches):
            x = sum(_apply(path, x, axes) for path in layer.paths)
        else:
            x = _convolve(layer, x, axes)
    return x


def _convolve(layer, x, axes):
    def by_axis(value):
        return value if isinstance(value, tuple) else (value,) * axes

    kernel, stride, dilation = map(by_axis, (layer.kernel, layer.stride, layer.dilation))
    padding = layer.padding
    if not isinstance(padding, str):
        padding = [p if isinstance(p, tuple) else (p, p) for p in by_axis(padding)]
    return lax.conv_general_dilated(
        x, np.ones((*kernel, 1, 1), np.float32), stride,
        padding.upper() if isinstance(padding, str) else padding,
        rhs_dilation=dilation, dimension_numbers=_NUMBERS[axes])
