"""A small convolutional net, untrained, to be looked into at the board."""

from __future__ import annotations

import numpy as np

from agent.checkpoint import net_shapes, unflatten
from agent.nets.settings import complete, plain
from agent.players.network import NetworkAgent
from agent.receptive_field_agent import gates_by_point, layers_of_agent
from ui.events import AskUnits, UnitsSeen

FEATURES = "tesauro198-v1"


def small_conv(name: str = "conv", **given) -> NetworkAgent:
    """Return an agent with random parameters, the same for the same settings."""
    settings = plain(complete("conv", {"layers": 3, "channels": 8, "width": 8,
                                       "dilation": (1, 2, 4), **given}))
    shapes = net_shapes("conv", settings, FEATURES)
    assert shapes is not None
    rng = np.random.default_rng(2)
    params = {path: _drawn(path, shape, rng) for path, shape in shapes.items()}
    return NetworkAgent(name, "conv", settings, FEATURES, unflatten(params))


def _drawn(path: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return parameters with which gates stand otherwise from point to point, for the eye."""
    values = rng.normal(size=shape) * 0.3
    if path.endswith("gate_kernel"):
        # All channels of a point open and shut together.
        values = np.broadcast_to(values[..., :1], shape) * 4
    return values.astype("f4")


def looked_into(net: NetworkAgent, ask: AskUnits) -> UnitsSeen:
    """Return the answer to a question about a net."""
    return UnitsSeen(ask.request, net.name, layers_of_agent(net),
                     tuple(gates_by_point(net, ask.board)))
