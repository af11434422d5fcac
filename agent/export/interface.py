"""What an exported net is asked and what it answers, whatever kind of file it stands in.

Asked: ``board`` int8[N, 2, 25]; of nets that remember also ``memory`` float32[N, M], zeros where a
game begins (``agent.export.memory``), and, where the net was told whom it plays against, ``turn``
float32[N], 1 where the net itself is on roll and -1 where its opponent is.

Answered: ``outcomes`` float32[N, 5] for the player on roll, exact where the game is over, and
otherwise the net's own word, before races are looked up and before `consistent` trims it;
``equity`` float32[N], theirs, by which the agent chooses; and ``memory`` after the position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from agent import outcome
from agent.errors import AgentError
from agent.export import memory, nets
from agent.export.arrays import Array
from agent.export.graph import Graph
from agent.export.inputs import of_counts, position
from agent.export.memory import Row
from agent.export.symbols import OPS, XP
from agent.nets import numpy_ensemble
from agent.nets.numpy_remembering import SELF, of_settings
from agent.nets.settings import REMEMBERING
from agent.players.network import NetworkAgent
from agent.players.remembering import RememberingAgent

EQUITY = np.array([2, 1, 1, -1, -1], np.float32)


class Interface(NamedTuple):
    """An agent's net, and what it carries from one position to the next.

    ``row`` is ``None`` for nets without a memory; ``told`` says whether ``turn`` is asked.
    """

    agent: NetworkAgent
    row: Row | None
    told: bool

    @property
    def opponent(self) -> int:
        """Return the number of the opponent that the net is told of."""
        if not self.told or self.row is None:
            return 0
        return self.row.spec.opponents.index(self.agent.opponent)  # type: ignore[attr-defined]


def interface(agent: Any) -> Interface:
    """Return what can be exported of an agent.

    Raises:
        AgentError: it is no network, or more than one.
    """
    if not isinstance(agent, NetworkAgent):
        raise AgentError(f"{agent.name} is no network by itself; export one, as pretrained, or a "
                         ".npz file or a run's folder")
    if not isinstance(agent, RememberingAgent):
        return Interface(agent, None, False)
    row = Row(of_settings(agent.net, agent.settings))
    return Interface(agent, row, agent.opponent != SELF)


def graph_of(it: Interface) -> tuple[Graph, dict[str, Array]]:
    """Return the graph and its outputs by name, in order."""
    agent, graph = it.agent, Graph()
    seen = position(graph, agent.features)
    found: dict[str, Array] = {}
    if it.row is not None:
        before = graph.input("memory", (None, it.row.size), np.float32)
        who = graph.input("turn", (None,), np.float32) if it.told else 0.0
        said, after = memory.seen(
            it.row, agent.params["params"], seen.inputs, before, who, it.opponent, OPS)
        found["memory_after"] = after
    elif agent.net in REMEMBERING:
        spec = of_settings(agent.net, agent.settings)
        said = memory.forgetful(spec, agent.params["params"], seen.inputs, OPS)
    else:
        said = nets.outcomes_of(agent.net, agent.params, agent.settings, seen)
    exact = _exact_where_over(said, seen.steps)
    return graph, {"outcomes": exact, "equity": exact @ EQUITY - 1.0, **found}


def _exact_where_over(outcomes: Array, steps: Array) -> Array:
    """Return outcomes float32[N, 5] that are 0 or 1 where the opponent has no checker left.

    Three numbers, 0 as long as he has one: 1 once he has none; above 0 if besides nothing was
    borne off; above 0 if besides a checker is on the bar or in his home.
    """
    weights = np.zeros((2, 25, 3))
    weights[1, :] = [-1, -1, -15]
    weights[0, :, 1], weights[0, :, 2] = 1, 15
    weights[0, 18:, 2] += 1
    start = np.array([1, -14, -15 * 15], np.float32)
    over = XP.maximum(steps @ of_counts(weights).astype(np.float32) + start, 0)
    change = np.array([[-1] * 5, [0, 0, 0, 2, 0], [0, 0, 0, 0, 2]], np.float32)
    return XP.clip((over @ change) + outcomes, 0, 1)


def reference(it: Interface) -> Callable[..., tuple[Any, ...]]:
    """Return the same as a function of jax arrays: of Flax's nets, compiled.

    Ensembles are no nets of Flax and are asked in NumPy, as they play: a factorization machine is
    the small difference of large sums, and jax, which adds up in another order, is as far from
    the truth as the tolerance of the check. The other kinds, trees too, are the same in jax.

    ``reference(board)`` or ``reference(board, memory)`` or ``reference(board, memory, turn)``
    returns outcomes, equity and, of nets that remember, memory.
    """
    import jax
    import jax.numpy as jnp

    from agent.nets.recurrent import JAX
    from agent.nets.registry import apply_of

    agent, row = it.agent, it.row
    params = agent.params

    def exact(said: Any, board: Any) -> tuple[Any, Any]:
        over = outcome.is_over(board)
        said = jnp.where(over[:, None], outcome.terminal(board), said)
        return said, outcome.equity(said)

    def by_numpy(board: Any) -> tuple[Any, ...]:
        inputs = agent.features.encode(board)
        return exact(numpy_ensemble.apply(params, inputs, agent.settings), board)

    def alone(board: Any) -> tuple[Any, ...]:
        said = apply_of(agent.net, agent.settings)(params, agent.features.encode(board, jnp))
        return exact(said, board)

    def remembering(board: Any, before: Any, turn: Any = 0.0) -> tuple[Any, ...]:
        assert row is not None
        inputs = agent.features.encode(board, jnp)
        said, after = memory.seen(row, params["params"], inputs, before, turn, it.opponent, JAX)
        return (*exact(said, board), after)

    if agent.net == "ensemble":
        return by_numpy
    return jax.jit(alone if row is None else remembering)  # type: ignore[no-any-return]
