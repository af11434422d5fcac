"""LSTM cells in plain NumPy, nine variants: what a person waits for must not import jax.

The variants of Greff et al., "LSTM: A search space odyssey" (arXiv 1503.04069), sections 2 and 3,
here with rows as vectors: of an input x and the state before it (cell c', output y'),

    z = tanh(x W_z + y' R_z + b_z)                  block input
    i = sigmoid(x W_i + y' R_i + p_i c' + b_i)      input gate
    f = sigmoid(x W_f + y' R_f + p_f c' + b_f)      forget gate
    c = z i + c' f                                  cell
    o = sigmoid(x W_o + y' R_o + p_o c + b_o)       output gate: its peephole looks at the new cell
    y = tanh(c) o                                   output

The parameters of a cell of N units are as few arrays, in blocks of N in the order z, i, f, o; what
a variant does not have is left out, the others close up (K blocks, G = K - 1 gates):

- ``input`` float32[F, K N], ``recurrent`` float32[N, K N], ``bias`` float32[K N];
- ``peephole`` float32[G, N], a row a gate; without peepholes there is none;
- ``gate_recurrent`` float32[G N, G N], of FGR alone: rows by the gate before, columns by the gate
  it acts on, so that block (f, o) is what the paper calls R_fo.

The names of the variants, the state and the step itself serve ``agent.nets.lstm`` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from agent.errors import ConfigError
from agent.nets.numpy_recurrent import NUMPY, CellKind, Ops

Array = Any
Params = Mapping[str, Array]


class Variant(NamedTuple):
    """What a variant has of the vanilla cell, and what it adds.

    ``gates`` are those with parameters of their own; the others are 1, always open, but for the
    forget gate where it is ``coupled``: f = 1 - i. Without its activation, block input or output
    is what it would be of (tanh replaced by the identity). With ``gate_recurrence`` every gate
    also sees all gates of the step before.
    """

    gates: tuple[str, ...] = ("i", "f", "o")
    coupled: bool = False
    input_activation: bool = True
    output_activation: bool = True
    peepholes: bool = True
    gate_recurrence: bool = False

    @property
    def blocks(self) -> tuple[str, ...]:
        """Return the blocks of ``input``, ``recurrent`` and ``bias`` in their order."""
        return ("z", *self.gates)


VARIANTS: dict[str, Variant] = {
    "vanilla": Variant(),
    "nig": Variant(gates=("f", "o")),
    "nfg": Variant(gates=("i", "o")),
    "nog": Variant(gates=("i", "f")),
    "niaf": Variant(input_activation=False),
    "noaf": Variant(output_activation=False),
    "np": Variant(peepholes=False),
    "cifg": Variant(gates=("i", "o"), coupled=True),
    "fgr": Variant(gate_recurrence=True),
}


class State(NamedTuple):
    """What a cell of N units carries from step to step; any leading axes, mostly one of games.

    ``cell`` float32[..., N]; ``output`` float32[..., N]; ``gates`` float32[..., 3 N]: i, f and o
    of FGR, float32[..., 0] of the other variants.
    """

    cell: Array
    output: Array
    gates: Array


def variant_of(name: str) -> Variant:
    """Return what a variant is.

    Raises:
        ConfigError: there is none of that name.

    >>> variant_of("cifg").blocks
    ('z', 'i', 'o')
    """
    if name not in VARIANTS:
        raise ConfigError(f"variant must be one of {', '.join(VARIANTS)}, not {name!r}")
    return VARIANTS[name]


def shapes(inputs: int, width: int, variant: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a cell by its name.

    >>> shapes(3, 2, "np")
    {'input': (3, 8), 'recurrent': (2, 8), 'bias': (8,)}
    """
    parts = variant_of(variant)
    blocks, gates = len(parts.blocks) * width, len(parts.gates)
    found: dict[str, tuple[int, ...]] = {
        "input": (inputs, blocks), "recurrent": (width, blocks), "bias": (blocks,)}
    if parts.peepholes:
        found["peephole"] = (gates, width)
    if parts.gate_recurrence:
        found["gate_recurrent"] = (gates * width, gates * width)
    return found


def stack_shapes(
    inputs: int, width: int, layers: int, variant: str
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a stack by its path, as it stands in a checkpoint."""
    return {f"layer{i}/{name}": shape for i in range(layers)
            for name, shape in shapes(width if i else inputs, width, variant).items()}


def zero_state(width: int, variant: str, *batch: int) -> State:
    """Return the state of a cell that has seen nothing, all zero, with the axes of ``batch``."""
    gates = 3 * width if variant_of(variant).gate_recurrence else 0
    return State(*(np.zeros((*batch, size), np.float32) for size in (width, width, gates)))


def zero_states(width: int, layers: int, variant: str, *batch: int) -> tuple[State, ...]:
    """Return the states of a stack that has seen nothing, all zero, the lowest layer first."""
    return tuple(zero_state(width, variant, *batch) for _ in range(layers))


def advance(
    driven: Array, state: State, params: Params, variant: Variant, xp: Any,
    sigmoid: Callable[[Array], Array],
) -> State:
    """Return the state after a step; NumPy and jax alike.

    Args:
        driven: what the input does to all blocks, ``x input + bias``, float32[..., K N].
        state: that before; its leading axes need only broadcast with those of ``driven``.
        params: of the cell.
        variant: what the cell is.
        xp: ``numpy`` or ``jax.numpy``.
        sigmoid: that of the gates.
    """
    width = state.cell.shape[-1]
    sums = driven + state.output @ params["recurrent"]
    gate_sums = sums[..., width:]
    if variant.gate_recurrence:
        gate_sums = gate_sums + state.gates @ params["gate_recurrent"]

    def gate(name: str, cell: Array) -> Array:
        if name not in variant.gates:
            return 1.0
        at = variant.gates.index(name)
        total = gate_sums[..., at * width:(at + 1) * width]
        if variant.peepholes:
            total = total + params["peephole"][at] * cell
        return sigmoid(total)

    block = sums[..., :width]
    block = xp.tanh(block) if variant.input_activation else block
    i = gate("i", state.cell)
    f = 1.0 - i if variant.coupled else gate("f", state.cell)
    cell = block * i + state.cell * f
    o = gate("o", cell)
    output = (xp.tanh(cell) if variant.output_activation else cell) * o
    if variant.gate_recurrence:
        return State(cell, output, xp.concatenate([i, f, o], axis=-1))
    return State(cell, output, output[..., :0])


def stack_step(
    x: Array, states: tuple[State, ...], params: Mapping[str, Params], variant: str
) -> tuple[Array, tuple[State, ...]]:
    """Return what a stack says to one more input, float32[..., N], and its states after it.

    Args:
        x: float32[..., F].
        states: of its layers, the lowest first; their leading axes need only broadcast with x's.
        params: ``{"layer0": ..., "layer1": ..., ...}``.
        variant: one of ``VARIANTS``.
    """
    lowest = params["layer0"]
    driven = x @ lowest["input"] + lowest["bias"]
    return kind_step(driven, states, params, {"variant": variant}, NUMPY)


def kind_shapes(inputs: int, settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a stack; see ``numpy_recurrent.CellKind``."""
    return stack_shapes(inputs, settings["width"], settings["layers"], settings["variant"])


def kind_zero_states(settings: Mapping[str, Any], *batch: int) -> tuple[State, ...]:
    """Return the states of a stack that has seen nothing; see ``numpy_recurrent.CellKind``."""
    return zero_states(settings["width"], settings["layers"], settings["variant"], *batch)


def kind_driven(params: Mapping[str, Params], settings: Mapping[str, Any]) -> tuple[Array, Array]:
    """Return what the input does to the lowest layer; see ``numpy_recurrent.CellKind``."""
    return params["layer0"]["input"], params["layer0"]["bias"]


def kind_step(
    driven: Array, states: tuple[State, ...], params: Mapping[str, Params],
    settings: Mapping[str, Any], ops: Ops,
) -> tuple[Array, tuple[State, ...]]:
    """Return what a stack says and its states after a step; see ``numpy_recurrent.CellKind``."""
    variant = variant_of(settings["variant"])
    after: list[State] = []
    for i, state in enumerate(states):
        layer = params[f"layer{i}"]
        if i:
            driven = after[-1].output @ layer["input"] + layer["bias"]
        after.append(advance(driven, state, layer, variant, ops.xp, ops.sigmoid))
    return after[-1].output, tuple(after)


KIND = CellKind(kind_shapes, kind_zero_states, kind_driven, kind_step,
                lambda settings: settings["width"])
