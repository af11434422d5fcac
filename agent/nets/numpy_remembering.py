"""Value nets that remember the game: a recurrent cell between the inputs and the outcomes.

The net is shown the positions of a game in turn, each as the player on roll sees it: the one that
an agent finds on the board, then the after-position that it leaves, and so on. A candidate is one
step from the memory so far; only the step of the chosen one is kept. The memory that a game begins
with is zero, or by the kinds of ``agent.nets.numpy_contextual`` something learned, of the first
position and of who the opponent is.

Parameters: ``stack`` of the cell kind, ``outcome`` (kernel float32[E, 5], bias float32[5]) and
``initial``. Where the net knows opponents, one more input stands behind those of the position: 1
where the net is on roll against another player, -1 where that one is, 0 where both are the net.

Point of view: as everywhere, outcomes are those of the player on roll.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from agent.nets import numpy_contextual, numpy_fast_weights, numpy_hm_lstm, numpy_lstm
from agent.nets.numpy_recurrent import NUMPY, CellKind, Ops
from agent.nets.settings import complete

Array = Any
Params = Mapping[str, Any]
CELLS: dict[str, CellKind] = {
    "lstm": numpy_lstm.KIND,
    "hm-lstm": CellKind(
        numpy_hm_lstm.shapes, numpy_hm_lstm.zero_states, numpy_hm_lstm.driven, numpy_hm_lstm.step,
        numpy_hm_lstm.width_of),
    "fast-weights": numpy_fast_weights.KIND,
}
# The opponent that a contextual net plays against where nothing else is said.
SELF = "self"


class Remembering(NamedTuple):
    """A value net that remembers: its cell kind with the settings of that, and how games begin.

    ``initial`` is one of ``numpy_contextual.INITIAL``; ``opponents`` are those it can be told of,
    ``SELF`` first, or none.
    """

    cell: CellKind
    settings: Mapping[str, Any]
    initial: str
    opponents: tuple[str, ...]

    def zero_states(self, *batch: int) -> Any:
        """Return the states of a cell that has seen nothing, with the axes of ``batch``."""
        return self.cell.zero_states(self.settings, *batch)

    @property
    def extra(self) -> int:
        """Return how many inputs there are beside those of the position."""
        return 1 if self.opponents else 0


def of_settings(net: str, given: Mapping[str, Any]) -> Remembering:
    """Return the net of a name and of settings as they stand in a checkpoint."""
    settings = complete(net, given)
    if net == "contextual":
        opponents = (SELF, *(name for name in settings["opponents"] if name != SELF))
        cell = settings["cell"]
        # One layer of the plain cell: the context is what this net is about.
        settings = {"layers": 1, "variant": "vanilla", "decay": 0.95, "rate": 0.5,
                    "inner_steps": 1, **settings}
        return Remembering(CELLS[cell], settings, settings["initial"], opponents)
    return Remembering(CELLS[net], settings, "zero", ())


def shapes(
    net: str, inputs: int, given: Mapping[str, Any], outcomes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path, as it stands in a checkpoint."""
    spec = of_settings(net, given)
    stack = spec.cell.shapes(inputs + spec.extra, spec.settings)
    found = {f"params/stack/{path}": shape for path, shape in stack.items()}
    context = len(spec.opponents) + inputs
    initial = numpy_contextual.shapes(context, spec.zero_states(), spec.initial)
    found |= {f"params/initial/{path}": shape for path, shape in initial.items()}
    found["params/outcome/kernel"] = (spec.cell.width_of(spec.settings), outcomes)
    found["params/outcome/bias"] = (outcomes,)
    return found


def first_states(
    params: Params, spec: Remembering, opponent: Array, inputs: Array, ops: Ops = NUMPY
) -> Any:
    """Return the states that games begin with, the leading axes those of ``inputs``.

    Args:
        params: those of the net, without the outer ``params``.
        spec: the net.
        opponent: int[...], which of ``spec.opponents``; 0 where there are none.
        inputs: float32[..., F] of the first positions.
        ops: NumPy's or jax's.
    """
    lead = inputs.shape[:-1]
    if spec.initial == "zero":
        return spec.zero_states(*lead)
    if spec.opponents:
        known = np.arange(len(spec.opponents))
        named = (ops.xp.broadcast_to(opponent, lead)[..., None] == known).astype(np.float32)
        inputs = ops.xp.concatenate([named, inputs], axis=-1)
    return numpy_contextual.initial_states(
        params["initial"], inputs, spec.zero_states(), spec.initial, ops.xp)


def driven(params: Params, spec: Remembering, inputs: Array, who: Array | float, xp: Any) -> Array:
    """Return what inputs float32[..., F] and ``who`` is on roll, float32[...], do to the cell."""
    kernel, bias = spec.cell.driven(params["stack"], spec.settings)
    if not spec.extra:
        return inputs @ kernel + bias
    told = xp.broadcast_to(xp.asarray(who, np.float32), inputs.shape[:-1])[..., None]
    return inputs @ kernel[:-1] + told * kernel[-1] + bias


def step(
    driven: Array, states: Any, params: Params, spec: Remembering, ops: Ops = NUMPY
) -> tuple[Array, Any]:
    """Return outcomes float32[..., 5] of a position and the states after it.

    Args:
        driven: what it does to the cell; see :func:`driven`.
        states: those before; their leading axes need only broadcast with those of ``driven``.
        params: those of the net, without the outer ``params``.
        spec: the net.
        ops: NumPy's or jax's.
    """
    said, after = spec.cell.step(driven, states, params["stack"], spec.settings, ops)
    last = params["outcome"]
    return ops.sigmoid(said @ last["kernel"] + last["bias"]), after


def alone(
    net: str, params: Params, inputs: Array, given: Mapping[str, Any], ops: Ops = NUMPY
) -> Array:
    """Return outcomes float32[..., 5] of positions as if each were the first of its game.

    Args:
        net: the name of the net.
        params: ``{"params": ...}``.
        inputs: float32[..., F].
        given: settings of the net.
        ops: NumPy's or jax's.
    """
    spec, parts = of_settings(net, given), params["params"]
    states = first_states(parts, spec, np.int32(0), inputs, ops)
    return step(driven(parts, spec, inputs, 0.0, ops.xp), states, parts, spec, ops)[0]
