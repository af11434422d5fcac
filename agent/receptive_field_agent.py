"""What the units of a convolutional net that plays see of the 24 points, and how they answer.

Inputs and units are numbered 0 to 23, the player on roll's points 1 to 24, as
``agent.nets.numpy_conv.line`` lays them. The checkers on the bar and borne off, the turn and all
further inputs are channels that say the same on every point: each unit sees these, whatever its
receptive field is. Behind the last convolution a dense layer sees all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from agent import catalog
from agent.errors import AgentError
from agent.nets.numpy_conv import POINTS, convolutions, into_stack, looks_of
from agent.nets.numpy_highway import ACTIVATIONS, gate, layer
from agent.nets.numpy_mlp import sigmoid
from agent.nets.settings import complete
from agent.players.network import NetworkAgent
from agent.players.searching import SearchingAgent
from agent.protocol import Agent, Boards
from agent.receptive_field import Layer, Measured, measure

Floats = npt.NDArray[np.float32]


def conv_of(agent: Agent | str) -> NetworkAgent:
    """Return the convolutional net of an agent, also of one that looks ahead with it.

    Args:
        agent: an agent, or its name or path as for ``agent.catalog.get``.

    Raises:
        AgentError: there is no such agent, or it has no convolutions.
    """
    found = catalog.get(agent) if isinstance(agent, str) else agent
    net = found.judge if isinstance(found, SearchingAgent) else found
    if not isinstance(net, NetworkAgent) or net.net != "conv":
        raise AgentError(f"{found.name} has no convolutions; only a net trained with --net conv "
                         "has them")
    return net


def layers_of_agent(agent: Agent | str) -> tuple[Layer, ...]:
    """Return the convolutions of an agent's net from the input on; see ``conv_of``.

    Of a highway layer H and T are convolutions of the same taps, and what it carries is the unit
    at the same point, which these have in their middle: it counts as one convolution.
    """
    return tuple(Layer(kernel, stride, dilation, padding) for kernel, stride, dilation, padding
                 in convolutions(conv_of(agent).settings))


def net_of_agent(agent: Agent | str) -> Measured:
    """Return the receptive fields of an agent's convolutions over the 24 points.

    Args:
        agent: see ``conv_of``.

    Raises:
        AgentError: there is no such agent, or it has no convolutions.
    """
    return measure(layers_of_agent(agent), POINTS)


def answers(agent: NetworkAgent, boards: Boards) -> Iterator[tuple[Floats, Floats | None]]:
    """Yield what each convolution of a net makes of positions, from the input on.

    Args:
        agent: from ``conv_of``.
        boards: int8[B, 2, 25], the player on roll first.

    Yields:
        The units' outputs float32[B, 24, C], and how far open their transform gates are, 0..1,
        float32[B, 24, C]; ``None`` for the first convolution and for layers without gates.
    """
    settings = complete("conv", agent.settings)
    stack, bend = agent.params["params"]["stack"], ACTIVATIONS[settings["activation"]]
    x = agent.features.encode(np.asarray(boards, np.int8).reshape(-1, 2, 25))
    x = into_stack(agent.params, x, settings)
    yield x, None
    looks = looks_of(settings)
    for number in range(settings["layers"]):
        params = {name: array[number] for name, array in stack.items()}
        seen = looks[number % len(looks)](x)
        x = layer(x, seen, params, bend, sigmoid)
        yield x, gate(seen, params) if "gate_kernel" in params else None


def gates_by_point(agent: NetworkAgent, board: Boards) -> list[tuple[float, ...]]:
    """Return how far open the transform gates of each convolution are at each point, 0..1.

    The mean over the channels of a point, for one position.

    Args:
        agent: from ``conv_of``.
        board: int8[2, 25], the player on roll first, whose points 1 to 24 are answered for.

    Returns:
        By convolution 24 numbers; none where there are no gates (see ``answers``).
    """
    return [() if gates is None else tuple(gates[0].mean(axis=-1).tolist())
            for _, gates in answers(agent, board)]
