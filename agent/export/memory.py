"""The memory of a net that remembers, as one row of numbers for each game.

A game that begins has a row of zeros. The states of the net stand behind each other, each filled
row by row; in front of them, where games begin with something learned, one number says whether
anything was seen: 0 or 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.nets.numpy_recurrent import leaves, with_leaves
from agent.nets.numpy_remembering import Remembering, driven, first_states, step


class Row:
    """How the memory of a net lies in a row; ``size`` numbers."""

    def __init__(self, spec: Remembering) -> None:
        """Find the order; ``spec`` is the net."""
        self.spec = spec
        self._like = spec.zero_states()
        self._shapes = [leaf.shape for leaf in leaves(self._like)]
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        self.flag = int(spec.initial != "zero")
        self.size = self.flag + sum(self._sizes)

    def states(self, row: Any) -> Any:
        """Return the states of rows float32[N, size - flag] without the first number."""
        arrays, at = [], 0
        for shape, size in zip(self._shapes, self._sizes, strict=True):
            # Of states without numbers a constant will do.
            arrays.append(row[:, at : at + size].reshape(-1, *shape) if size
                          else np.zeros((1, *shape), np.float32))
            at += size
        return with_leaves(self._like, arrays)

    def row(self, states: Any, xp: Any) -> Any:
        """Return rows float32[N, size - flag] of states; the inverse of :meth:`states`."""
        parts = [leaf.reshape(-1, size)
                 for leaf, size in zip(leaves(states), self._sizes, strict=True) if size]
        return parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=-1)


def seen(
    row: Row, params: Any, inputs: Any, memory: Any, who: Any, opponent: int, ops: Any
) -> tuple[Any, Any]:
    """Return outcomes float32[N, 5] of positions, and the memory after them; for any array module.

    Args:
        row: how the memory lies.
        params: those of the net, without the outer ``params``.
        inputs: float32[N, F].
        memory: float32[N, row.size].
        who: float32[N], 1 where the net is on roll and -1 where its opponent is; or 0.
        opponent: which one, of those that the net knows.
        ops: the operations of the arrays.
    """
    xp, spec = ops.xp, row.spec
    states = memory[:, row.flag:]
    if row.flag:
        fresh = memory[:, :1] < 0.5
        first = first_states(params, spec, np.int32(opponent), inputs, ops)
        states = xp.where(fresh, row.row(first, xp), states)
    said, after = step(driven(params, spec, inputs, who, xp), row.states(states), params, spec, ops)
    kept = row.row(after, xp)
    if row.flag:
        kept = xp.concatenate([xp.zeros_like(memory[:, :1]) + 1.0, kept], axis=-1)
    return said, kept


def forgetful(spec: Remembering, params: Any, inputs: Any, ops: Any) -> Any:
    """Return outcomes float32[N, 5] of positions that are each the first of a game.

    Args:
        spec: the net.
        params: its parameters, without the outer ``params``.
        inputs: float32[N, F].
        ops: the operations of the arrays.
    """
    states = spec.zero_states(1) if spec.initial == "zero" else first_states(
        params, spec, np.int32(0), inputs, ops)
    return step(driven(params, spec, inputs, 0.0, ops.xp), states, params, spec, ops)[0]
