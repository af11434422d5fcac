"""The player whose value network remembers the game (0-ply).

Its memory is explicit: what :meth:`RememberingAgent.start` and :meth:`RememberingAgent.choose`
return, NumPy arrays by name with a leading axis of games. It can be kept and given back later, in
this process or in another (``agent.memory``). Without a memory, as in :meth:`evaluate`, in search
and in analysis, a position is judged as the first of its game.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import endgame, outcome
from agent.errors import AgentError
from agent.nets.numpy_recurrent import leaves, on_leaves, with_leaves
from agent.nets.numpy_remembering import SELF, driven, first_states, of_settings, step
from agent.players.network import NetworkAgent
from agent.players.scored import FEW, block_size, padded
from agent.protocol import Boards
from engine.plays import afterstates_of

Memory = dict[str, Any]


class RememberingAgent(NetworkAgent):
    """A value network that remembers, and plays the after-position of highest cubeless equity.

    The memory of B games: ``fresh`` bool[B], nothing was seen yet; ``states``, what the net
    carries, float32[B, ...] by running number.
    """

    def __init__(
        self, name: str, net: str, settings: dict[str, Any], features: str, params: Any,
        opponent: str = SELF,
    ):
        """Make a player; see ``NetworkAgent``.

        Args:
            name, net, settings, features, params: as there.
            opponent: whom it is told that it plays against, one of those that the net knows.

        Raises:
            AgentError: the net knows no such opponent.
        """
        super().__init__(name, net, settings, features, params)
        self._spec = of_settings(net, settings)
        self.opponents = self._spec.opponents
        known = self.opponents or (SELF,)
        if opponent not in known:
            raise AgentError(f"{name} knows the opponents {', '.join(known)}, not {opponent!r}")
        self.opponent = opponent
        self._number = np.int32(known.index(opponent))
        # What stands behind the inputs; see agent.nets.numpy_remembering.
        self._who = np.float32(0 if opponent == SELF else 1)
        self._remembering: Any = None

    def against(self, opponent: str) -> RememberingAgent:
        """Return the same player, told whom it plays against; see the errors of the class."""
        return RememberingAgent(f"{self.name}:{opponent}", self.net, self.settings,
                                self.features.name, self.params, opponent)

    def forgetful(self) -> NetworkAgent:
        """Return a player with the same net to which each position is the first of its game."""
        return NetworkAgent(f"{self.name}:forgetful", self.net, self.settings, self.features.name,
                            self.params)

    def start(self, batch: int) -> Memory:
        """Return the memory of ``batch`` new games."""
        states = leaves(self._spec.zero_states(batch))
        return {"fresh": np.ones(batch, bool),
                "states": {str(i): np.asarray(leaf) for i, leaf in enumerate(states)}}

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory | None,
        rng: np.random.Generator,
    ) -> tuple[Boards, Memory]:
        """Choose the best play in each game by what was seen of it; see ``Agent.choose``.

        Without a memory, ``None``, every game begins here.
        """
        if memory is None:
            memory = self.start(len(boards))
        after = np.empty_like(boards)
        found = {"fresh": np.zeros(len(boards), bool),
                 "states": {name: np.empty_like(leaf) for name, leaf in memory["states"].items()}}
        choose = self._play_few if len(boards) < FEW else self._play_many
        choose(boards, dice, memory, after, found)
        return after, found

    def recall(self, turns: Sequence[tuple[Boards, Boards]]) -> Memory:
        """Return the memory of one game after turns that were made in it; see ``Recalling``."""
        memory = self.start(1)
        states = on_leaves(lambda a: a[0], self._states(memory))
        for i, (seen, left) in enumerate(turns):
            states = self._after(seen, None if i == 0 else states, self._who)
            states = self._after(left, states, -self._who)
        kept = {str(i): leaf[None] for i, leaf in enumerate(leaves(states))}
        return {"fresh": np.full(1, not turns), "states": kept}

    def _after(self, board: Boards, states: Any, who: np.float32) -> Any:
        """Return the states after a position int8[2, 25]; with ``None`` the game begins with it."""
        parts, spec = self.params["params"], self._spec
        inputs = self.features.encode(board)
        if states is None:
            states = first_states(parts, spec, self._number, inputs)
        return step(driven(parts, spec, inputs, who, np), states, parts, spec)[1]

    def _states(self, memory: Memory) -> Any:
        arrays = [memory["states"][str(i)] for i in range(len(memory["states"]))]
        return with_leaves(self._spec.zero_states(), arrays)

    def _play_few(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, after: Boards,
        found: Memory,
    ) -> None:
        states = self._states(memory)
        for game, (board, roll) in enumerate(zip(boards, dice, strict=True)):
            fresh = memory["fresh"][game]
            mine = None if fresh else on_leaves(lambda a, game=game: a[game], states)
            mine = self._after(board, mine, self._who)
            legal = afterstates_of(board, int(roll[0]), int(roll[1]))
            best = legal[int(np.argmax(self._worth(legal, mine)))]
            mine = self._after(best, mine, -self._who)
            after[game] = best
            for name, leaf in zip(found["states"], leaves(mine), strict=True):
                found["states"][name][game] = leaf

    def _worth(self, legal: Boards, states: Any) -> npt.NDArray[np.float32]:
        """Return the equity float32[P] that each play int8[P, 2, 25] of one game leaves."""
        parts, spec = self.params["params"], self._spec

        def of_net(boards: Boards) -> npt.NDArray[np.float32]:
            told = driven(parts, spec, self.features.encode(boards), -self._who, np)
            many = on_leaves(lambda a: a[None], states)
            return np.asarray(step(told, many, parts, spec)[0])

        values = endgame.evaluated(legal, of_net)
        over = outcome.is_over(legal)
        return -outcome.equity(np.where(over[:, None], outcome.terminal(legal), values))

    def _play_many(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, after: Boards,
        found: Memory,
    ) -> None:
        import jax

        if self._remembering is None:
            self._remembering = self._compiled(), block_size()
        jitted, block = self._remembering
        known, states = self.device_state(), leaves(self._states(memory))
        pending = []
        for start in range(0, len(boards), block):
            part = slice(start, min(start + block, len(boards)))
            some, rolls = padded(boards[part], dice[part], block)
            given = [_filled(leaf[part], block) for leaf in (memory["fresh"], *states)]
            pending.append((part, jitted(known, some, rolls, given[0], given[1:])))
        for part, answer in pending:
            count = part.stop - part.start
            best, arrays = jax.tree.map(lambda a, n=count: np.asarray(a)[:n], answer)
            after[part] = best
            for name, leaf in zip(found["states"], arrays, strict=True):
                found["states"][name][part] = leaf

    def _compiled(self) -> Any:
        import jax
        import jax.numpy as jnp

        from agent.device import use_cache
        from agent.greedy import best_afterstates, by_equity
        from agent.nets.remembering import recurrence

        use_cache()
        net = recurrence(self.net, self.settings, self.features)
        number, told, like = self._number, self._who, self._spec.zero_states()

        @jax.jit
        def choose(state: Any, boards: Any, dice: Any, fresh: Any, given: Any) -> Any:
            params, tables = state
            candidates = net.candidates(params)
            who = jnp.full(len(boards), told)
            opponent = jnp.full(len(boards), number)
            states = with_leaves(like, list(given))
            _, states = net.see(params, boards, who, opponent, fresh, states)

            def score(c: Any, key: Any) -> Any:
                mine = jax.tree.map(lambda a: a[c.owner], states)
                exact = endgame.exact_in_bearoff(
                    lambda words: candidates(words, -who[c.owner], mine), tables)
                return by_equity(exact)(c, key)

            best = best_afterstates(boards, dice, score).boards
            old = jnp.zeros_like(fresh)
            _, states = net.see(params, best, -who, opponent, old, states)
            return best, leaves(states)

        return choose


def _filled(leaf: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Return an array [B, ...] with more zeros, [size, ...]."""
    missing = np.zeros((size - len(leaf), *leaf.shape[1:]), leaf.dtype)
    return np.concatenate([leaf, missing]) if len(missing) else leaf
