"""What the gates of a trained highway net do on real positions, layer by layer.

A transform gate says how much of a layer's output is new and how much is carried on (see
``agent.nets.highway``). Srivastava, Greff & Schmidhuber (arXiv 1507.06228, section 4) look at
trained gates in this way: their mean over many inputs by layer and unit, and how much one input
differs from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.arena import play_games
from agent.decisions import CLASSES, read
from agent.errors import AgentError
from agent.nets import numpy_conv, numpy_highway
from agent.nets.settings import complete
from agent.players.network import NetworkAgent
from agent.protocol import Agent, Boards, Memory
from engine.bearoff import covers
from engine.board import has_contact

SHUT, OPEN = 0.1, 0.9
"""A gate below the first is nearly shut, above the second nearly open."""

GAMES = 200
"""Games of self-play by default."""

CLASSES_OF_PLAY = ("contact", "race", "bearoff")
_BLOCK = 256

Floats = npt.NDArray[np.float32]


class Positions(NamedTuple):
    """P positions, where they are from and what they are.

    ``boards`` int8[P, 2, 25], the player on roll first; ``kind`` int64[P], numbers in ``classes``.
    """

    boards: Boards
    kind: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    source: str


class _Recorder:
    """A player that remembers every position in which it had to play."""

    def __init__(self, agent: Agent) -> None:
        self.name, self._agent = agent.name, agent
        self.met: list[Boards] = []

    def start(self, batch: int) -> Memory:
        return self._agent.start(batch)

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, rng: np.random.Generator
    ) -> tuple[Boards, Memory]:
        self.met.append(boards.copy())
        return self._agent.choose(boards, dice, memory, rng)


def played(
    agent: Agent, games: int = GAMES, seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Positions:
    """Return every position of games that an agent plays against itself, as often as it was met.

    Classes: ``contact``; ``race`` without; ``bearoff`` where all checkers of both are home.

    Args:
        agent: who plays.
        games: how many.
        seed: of the dice.
        progress: called with (games finished, games) after each ply.

    Raises:
        AgentError: no games.
    """
    if games < 1:
        raise AgentError(f"games must be at least 1, not {games}")
    recorder = _Recorder(agent)
    play_games(recorder, recorder, games, seed, progress)
    boards = np.concatenate(recorder.met)
    kind = np.where(has_contact(boards), 0, np.where(covers(boards), 2, 1))
    return Positions(boards, kind, CLASSES_OF_PLAY, f"{games:,} games of {agent.name} with itself")


def of_file(path: Path) -> Positions:
    """Return the positions of a file of decisions (``agent.decisions``), with its classes.

    Raises:
        PositionFileError: it cannot be read, or is malformed.
    """
    decisions = read(path)
    return Positions(decisions.boards, decisions.kind, CLASSES, str(path))


def gated(agent: Agent) -> NetworkAgent:
    """Return an agent whose net has gates.

    Raises:
        AgentError: it is no network, or its net has none.
    """
    if not isinstance(agent, NetworkAgent):
        raise AgentError(f"{agent.name} is no network; gates are in highway and conv nets")
    if agent.net not in _STACKS:
        raise AgentError(f"{agent.name} is an {agent.net}, which has no gates; gates are in "
                         "highway and conv nets")
    if not complete(agent.net, agent.settings)["gated"]:
        raise AgentError(f"{agent.name} is a plain {agent.net} net, which has no gates; "
                         "leave out --plain to train one that has")
    return agent


def measure(agent: Agent, positions: Positions) -> dict[str, Any]:
    """Measure how far open the transform gates are, 0..1, as plain values for JSON.

    Of a highway net a unit is one of a layer, of a conv net one channel at one point.

    Args:
        agent: a network with gates.
        positions: what it is shown.

    Returns:
        ``mean``, by layer over units and positions; ``p10`` and ``p90``, percentiles over the
        positions of a position's mean over units; ``sd``, how much a unit's gate differs from
        position to position (its standard deviation, the mean over units); ``shut`` and ``open``,
        the shares of gates, units times positions, below ``SHUT`` and above ``OPEN``;
        ``by_class``: positions and ``mean`` of each class met; ``by_unit`` [layers][units], means
        over positions; of a conv net ``by_point`` [layers][24], the 1-point of the player on roll
        first, else ``None``; ``at_first``: where the carry bias alone puts gates;
        and ``agent``, ``net``, ``settings``, ``layers``, ``units``, ``positions``, ``source``.

    Raises:
        AgentError: the agent is no network with gates, or there are no positions.
    """
    net = gated(agent)
    settings = complete(net.net, net.settings)
    if not len(positions.boards):
        raise AgentError(f"{positions.source}: there are no positions")
    of_position, sums = _walk_all(net, settings, positions.boards)
    count = len(positions.boards)
    mean = sums.open_sum / count  # [layers, ..., channels or units]
    spread = np.sqrt(np.maximum(sums.squares / count - mean**2, 0))
    units = int(np.prod(mean.shape[1:]))
    kinds = {name: positions.kind == i for i, name in enumerate(positions.classes)}
    return {
        "agent": net.name, "net": net.net, "settings": net.settings,
        "layers": len(mean), "units": units, "positions": count, "source": positions.source,
        "at_first": float(1 / (1 + np.exp(-settings["carry_bias"]))),
        "mean": of_position.mean(1).tolist(),
        "p10": np.percentile(of_position, 10, axis=1).tolist(),
        "p90": np.percentile(of_position, 90, axis=1).tolist(),
        "sd": spread.reshape(len(mean), -1).mean(1).tolist(),
        "shut": (sums.shut / (count * units)).tolist(),
        "open": (sums.wide_open / (count * units)).tolist(),
        "by_class": {name: {"positions": int(mine.sum()), "mean": of_position[:, mine].mean(1)
                            .tolist()} for name, mine in kinds.items() if mine.any()},
        "by_unit": mean.reshape(len(mean), -1).tolist(),
        "by_point": mean.mean(-1).tolist() if net.net == "conv" else None,
    }


class _Sums(NamedTuple):
    """Over positions: gates and their squares float64[layers, ..., units]; counts int64[layers]."""

    open_sum: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]
    shut: npt.NDArray[np.int64]
    wide_open: npt.NDArray[np.int64]


def _walk_all(
    net: NetworkAgent, settings: dict[str, Any], boards: Boards
) -> tuple[npt.NDArray[np.float64], _Sums]:
    """Return the mean gate of each position float64[layers, P], and sums over all of them."""
    found, blocks = [], []
    for start in range(0, len(boards), _BLOCK):
        inputs = net.features.encode(boards[start : start + _BLOCK])
        gates = [g.astype(np.float64) for g in gates_of(net.net, net.params, inputs, settings)]
        found.append(np.stack([g.reshape(len(g), -1).mean(1) for g in gates]))
        blocks.append(_Sums(np.stack([g.sum(0) for g in gates]),
                            np.stack([(g**2).sum(0) for g in gates]),
                            np.array([(g < SHUT).sum() for g in gates]),
                            np.array([(g > OPEN).sum() for g in gates])))
    total = _Sums(*(np.sum(parts, axis=0) for parts in zip(*blocks, strict=True)))
    return np.concatenate(found, axis=1), total


def gates_of(
    net: str, params: Any, x: Floats, settings: dict[str, Any]
) -> Iterator[Floats]:
    """Yield what the gates of each layer are, 0..1: float32[P, w], or [P, 24, C] of a conv net.

    Args:
        net: ``highway`` or ``conv``.
        params: as in ``agent.nets.numpy_nets``.
        x: inputs float32[P, F].
        settings: all of the net's.
    """
    into_stack, looks_of = _STACKS[net]
    looks = looks_of(settings)
    bend = numpy_highway.ACTIVATIONS[settings["activation"]]
    stack = params["params"]["stack"]
    x = into_stack(params, x, settings)
    for i in range(len(stack["bias"])):
        of_layer = {name: array[i] for name, array in stack.items()}
        seen = looks[i % len(looks)](x)
        yield numpy_highway.gate(seen, of_layer)
        x = numpy_highway.layer(x, seen, of_layer, bend, numpy_highway.sigmoid)


# What the first layer makes of the inputs, and what the stack's layers see of their input in turn.
_STACKS: dict[str, tuple[Callable[..., Floats], Callable[[dict[str, Any]], tuple[Any, ...]]]] = {
    "highway": (numpy_highway.into_stack, lambda settings: (numpy_highway.same,)),
    "conv": (numpy_conv.into_stack, numpy_conv.looks_of),
}
