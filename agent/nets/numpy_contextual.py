"""Initial states of recurrent nets that depend on a context, in plain NumPy; any kind of cell.

Wenke & Fleming, "Contextual Recurrent Neural Networks" (arXiv 1902.03455): before its first step a
cell is not in the state zero but in one that is learned. Of a context c, for each array s of the
states by itself:

    zero           s = 0
    free           s = b                                    the same for all contexts
    learned        s = c W + b
    distribution   s ~ N(c W + b, softplus(r)^2)            where it is not drawn: s = c W + b

The parameters lie by the path of the array in the states, ``0.cell`` the cell of layer 0, say; it
has N numbers, and a matrix, as fast weights are, is filled row by row:

- ``kernel`` float32[C, N], W; ``bias`` float32[N], b; ``spread`` float32[N], r.

What starts at zero in any case has none: arrays without numbers, and those named in ``FIXED``,
which are nothing to learn but mean that something has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.errors import ConfigError

Array = Any
Tree = Any
Params = Mapping[str, Mapping[str, Array]]
INITIAL = ("zero", "free", "learned", "distribution")
# Boundaries of the hierarchical multiscale LSTM are 0 or 1.
FIXED = ("boundary",)


def parts_of(initial: str) -> tuple[str, ...]:
    """Return the names of the parameters of each array of the states.

    Raises:
        ConfigError: there is no such initial state.

    >>> parts_of("learned")
    ('kernel', 'bias')
    """
    found = {"zero": (), "free": ("bias",), "learned": ("kernel", "bias"),
             "distribution": ("kernel", "bias", "spread")}
    if initial not in found:
        raise ConfigError(f"initial must be one of {', '.join(INITIAL)}, not {initial!r}")
    return found[initial]


def shapes(context_size: int, states: Tree, initial: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, ``0.cell/kernel``.

    Args:
        context_size: C, numbers of a context.
        states: of the cell before its first step, zero, without axes of batches.
        initial: one of ``INITIAL``.

    >>> import numpy as np
    >>> shapes(3, ({"output": np.zeros(2)},), "learned")
    {'0.output/kernel': (3, 2), '0.output/bias': (2,)}
    """
    names, found = parts_of(initial), dict[str, tuple[int, ...]]()
    for path in learned_paths(states):
        size = int(leaves(states)[path].size)
        for name in names:
            found[f"{path}/{name}"] = (context_size, size) if name == "kernel" else (size,)
    return found


def learned_paths(states: Tree) -> tuple[str, ...]:
    """Return the paths of what need not start at zero in states without axes of batches."""
    return tuple(path for path, leaf in leaves(states).items()
                 if leaf.size and path.split(".")[-1] not in FIXED)


def initial_states(
    params: Params, context: Array, like: Tree, initial: str, xp: Any,
    noise: Callable[[str, tuple[int, ...]], Array] | None = None,
) -> Tree:
    """Return the states before the first step; NumPy and jax alike.

    Args:
        params: by the path of an array and by name; none of ``zero``.
        context: float32[..., C]; of ``zero`` and ``free`` only its leading axes count.
        like: zero states without axes of batches.
        initial: one of ``INITIAL``.
        xp: ``numpy`` or ``jax.numpy``.
        noise: of the path of an array and of a shape a normal float32 of that shape, by which a
            ``distribution`` is drawn; without it the states are the mode.

    Returns:
        a tree like ``like``, the leading axes of the context before its own.
    """
    names, batch, learned = parts_of(initial), context.shape[:-1], learned_paths(like)

    def start(path: str, leaf: Array) -> Array:
        shape = (*batch, *leaf.shape)
        if not names or path not in learned:
            return xp.zeros(shape, leaf.dtype)
        mine = params[path]
        start = xp.zeros((*batch, leaf.size), leaf.dtype) + mine["bias"]
        if "kernel" in names:
            start = start + context @ mine["kernel"]
        if noise is not None and "spread" in names:
            start = start + spread(mine["spread"], xp) * noise(path, start.shape)
        return start.reshape(shape)

    return mapped(start, like)


def spread(raw: Array, xp: Any) -> Array:
    """Return the standard deviation that a parameter ``spread`` stands for, its softplus."""
    return xp.logaddexp(raw, xp.zeros_like(raw))


def leaves(states: Tree) -> dict[str, Array]:
    """Return the arrays of states by their paths, in a fixed order.

    >>> list(leaves(({"cell": 1, "output": 2}, 3)))
    ['0.cell', '0.output', '1']
    """
    found: dict[str, Array] = {}
    mapped(found.setdefault, states)
    return found


def mapped(function: Callable[[str, Array], Any], states: Tree, path: str = "") -> Tree:
    """Return states with ``function(path, array)`` in the place of every array."""
    def below(name: object, part: Tree) -> Tree:
        return mapped(function, part, f"{path}.{name}" if path else f"{name}")

    if isinstance(states, Mapping):
        return {name: below(name, part) for name, part in states.items()}
    if isinstance(states, tuple) and hasattr(states, "_fields"):
        return type(states)(*(below(name, part)
                              for name, part in zip(states._fields, states, strict=True)))
    if isinstance(states, tuple | list):
        return type(states)(below(i, part) for i, part in enumerate(states))
    return function(path, states)
