"""The graph that the arrays of ``agent.export.arrays`` are recorded in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from agent.export.arrays import Array, Shape


class Node(NamedTuple):
    """A node as it will stand in the file: operator, names in and out, attributes, domain.

    A dtype among the attributes is NumPy's.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    domain: str


class Graph:
    """Nodes in order, constants and inputs, as they are recorded."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: list[Array] = []
        self._known: dict[tuple[str, Shape, bytes], str] = {}

    def input(self, name: str, shape: Shape, dtype: Any) -> Array:
        """Return a new input; ``None`` in its shape is the free batch."""
        made = Array(self, name, shape, np.dtype(dtype))
        self.inputs.append(made)
        return made

    def constant(self, value: Any) -> str:
        """Return the name of a constant; equal ones are kept once."""
        value = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._known:
            self._known[key] = f"c{len(self.constants)}"
            self.constants[self._known[key]] = value
        return self._known[key]

    def name_of(self, value: Any) -> str:
        """Return the name of an array of this graph, or of a constant."""
        return value.name if isinstance(value, Array) else self.constant(value)

    def node(
        self, op: str, inputs: Sequence[Any], shape: Shape, dtype: Any, domain: str = "",
        **attributes: Any,
    ) -> Array:
        """Record a node and return what it gives."""
        names = tuple(self.name_of(value) for value in inputs)
        name = f"v{len(self.nodes)}"  # After the names: asking for them may record nodes.
        self.nodes.append(Node(op, names, (name,), attributes, domain))
        return Array(self, name, shape, np.dtype(dtype))

    def needed(self, outputs: Sequence[str]) -> tuple[list[Node], dict[str, np.ndarray]]:
        """Return the nodes and constants without which these outputs could not be."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                kept.append(node)
                wanted |= set(node.inputs)
        return kept[::-1], {name: value for name, value in self.constants.items()
                            if name in wanted}
