"""Checkers in the air: an ornament over a game that is further already.

The state of the game never waits for a flight; only what happens by itself does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from engine.plays import OFF, Move
from ui.board_game import Board, seen_by, spot_of
from ui.state import Counts, Flight, Hop, State
from ui.view import BARS, SPOTS, TRAYS, Flying

# Milliseconds that one checker takes.
EACH = {"off": 0.0, "fast": 160.0, "normal": 380.0, "slow": 800.0}


def counts_of(board: Board) -> Counts:
    """Return the checkers of both players at each spot, of a board with the near one in row 0."""
    near, far = board.tolist()
    counts = [[0] * SPOTS, [0] * SPOTS]
    counts[0][:24] = near[:24]
    counts[1][:24] = far[23::-1]
    for player, side in enumerate((near, far)):
        counts[player][BARS[player]] = side[24]
        counts[player][TRAYS[player]] = 15 - sum(side)
    return tuple(counts[0]), tuple(counts[1])


def shown_board(state: State) -> Board:
    """Return the present position with the moves of the play in progress, near player first."""
    if state.moving is None:
        return state.game.board
    assert state.game.player is not None, "somebody moves"
    return seen_by(state.moving.board, state.game.player)


def hops_of(player: int, moves: Iterable[Move]) -> tuple[Hop, ...]:
    """Return the ways of the checkers of some moves, those that were hit included."""
    hops: list[Hop] = []
    for move in moves:
        target = spot_of(player, move.target)
        hops.append(Hop(player, spot_of(player, move.source), target))
        if move.hit and move.target != OFF:
            hops.append(Hop(1 - player, target, BARS[1 - player]))
    return tuple(hops)


def lift_off(before: State, after: State, hops: tuple[Hop, ...], player: int,
             dice: tuple[int, int]) -> State:
    """Return ``after`` with checkers flying from where ``before`` showed them, if any should."""
    each = EACH[after.settings.speed]
    if not hops or not each or after.review is not None or after.editing is not None:
        return replace(after, flight=None)
    counts = counts_of(shown_board(before))
    return replace(after, flight=Flight(counts, hops, each, player, dice))


def in_the_air(flight: Flight) -> tuple[Counts, tuple[Flying, ...]]:
    """Return the counts at the spots and the checkers between them at this moment."""
    number = int(flight.elapsed / flight.each)
    counts = np.array(flight.counts)
    for hop in flight.hops[:number]:
        counts[hop.owner, hop.source] -= 1
        counts[hop.owner, hop.target] += 1
    flying: tuple[Flying, ...] = ()
    if number < len(flight.hops):
        hop = flight.hops[number]
        counts[hop.owner, hop.source] -= 1
        progress = flight.elapsed / flight.each - number
        flying = (Flying(hop.owner, hop.source, hop.target, progress),)
    near, far = counts.tolist()
    return (tuple(near), tuple(far)), flying


def fly(state: State, ms: float) -> State:
    """Let time pass for what flies; what has arrived is on the board."""
    flight = state.flight
    assert flight is not None, "nothing flies"
    elapsed = flight.elapsed + max(ms, 0.0)
    landed = elapsed >= flight.each * len(flight.hops)
    return replace(state, flight=None if landed else replace(flight, elapsed=elapsed))
