"""Positions of self-play with contact, on the device, many games in lock-step."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from agent.catalog import get
from agent.greedy import best_afterstates, by_equity, chooser
from agent.players.network import NetworkAgent
from agent.protocol import Boards
from engine.board import has_contact, start
from engine.dice import opening_batch, roll_batch

# Games at a time.
GAMES = 512


def plies(player: str, rng: np.random.Generator, games: int = GAMES) -> Iterator[Boards]:
    """Yield the positions int8[games, 2, 25] after each ply, the player on roll first, for ever.

    A game without contact is among them once; in its place another one begins.

    Args:
        player: the name of a network, which plays both sides.
        rng: of the dice; consumed.
        games: how many at a time.
    """
    agent = get(player)
    assert isinstance(agent, NetworkAgent)
    choose = chooser(agent.net, agent.settings, agent.features.name)

    @jax.jit
    def play(params: object, boards: jax.Array, dice: jax.Array) -> jax.Array:
        return best_afterstates(boards, dice, by_equity(choose(params))).boards

    params = jax.tree.map(jnp.asarray, agent.params)
    boards = np.repeat(start()[None], games, 0)
    dice = opening_batch(rng, games)
    while True:
        boards = np.array(play(params, boards, dice))
        ended = ~has_contact(boards)
        dice = roll_batch(rng, games)
        dice[ended] = opening_batch(rng, int(ended.sum()))
        yield boards.copy()
        boards[ended] = start()
