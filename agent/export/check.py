"""Whether a file answers as the net it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import AgentError
from agent.export.interface import Interface, reference
from engine.board import start
from engine.dice import opening_batch, roll_batch
from engine.game import results
from engine.plays import afterstates_of

Boards = npt.NDArray[np.int8]
Answer = Callable[..., Any]
POSITIONS = 10_000
TOLERANCE = 1e-5
# Games at the same time; half of them play at random, half by what the file says.
_GAMES = 100


class Difference(NamedTuple):
    """The largest differences between a file and its net over ``positions``.

    That of ``memory``, whose numbers know no bounds, is relative where they are above 1; it is 0
    for nets without one.
    """

    positions: int
    outcomes: float
    equity: float
    memory: float

    @property
    def largest(self) -> float:
        """Return the largest of all; not a number if any answer is none."""
        return float(np.max([self.outcomes, self.equity, self.memory]))

    @property
    def fits(self) -> bool:
        """Say whether the file is right, to ``TOLERANCE``."""
        return self.largest <= TOLERANCE


def compare(it: Interface, answer: Answer, positions: int = POSITIONS, seed: int = 1) -> Difference:
    """Ask a file and its net about positions of random games and of games of the file itself.

    Finished games are among them. Nets that remember are asked with the memory that the net itself
    (not the file) has of the game.

    Args:
        it: the net, which answers as a compiled function of jax.
        answer: the file: a function of ``board``, and ``memory`` and ``turn`` where these are
            asked, that returns outcomes, equity, and memory where there is one.
        positions: how many.
        seed: of dice and random plays.

    Raises:
        AgentError: the answers have not the shapes they should have.
    """
    true, largest, left = reference(it), np.zeros(3), positions
    memory = [] if it.row is None else [np.zeros((_GAMES, it.row.size), np.float32)]
    for boards, fresh, turns in _played(lambda b: _equity(it, answer, b), seed):
        asked: list[Any] = [boards]
        for array in memory:
            asked.append(np.where(fresh[:, None], np.float32(0), array))
        if it.told:
            asked.append(turns)
        want = [np.asarray(part) for part in true(*asked)]
        # Any number of positions has to do: those that are not wanted are left out.
        some = min(left, len(boards))
        got = answer(*(part[:some] for part in asked))
        for i, (mine, right) in enumerate(zip(got, want, strict=True)):
            if np.shape(mine) != right[:some].shape:
                raise AgentError(f"output {i} has the shape {np.shape(mine)}, it should be "
                                 f"{right[:some].shape}")
            apart = np.abs(mine - right[:some]) / np.maximum(1, np.abs(right[:some]) * (i == 2))
            largest[i] = np.maximum(largest[i], apart.max(initial=0.0))
        memory, left = want[2:], left - some
        if left == 0:
            break
    return Difference(positions, *map(float, largest))


def _equity(it: Interface, answer: Answer, boards: Boards) -> Any:
    """Return what the file says positions are worth, as the first of their games."""
    asked: list[Any] = [boards]
    if it.row is not None:
        asked.append(np.zeros((len(boards), it.row.size), np.float32))
    if it.told:
        asked.append(np.ones(len(boards), np.float32))
    return answer(*asked)[1]


def _played(
    equity: Callable[[Boards], Any], seed: int
) -> Iterator[tuple[Boards, npt.NDArray[np.bool_], npt.NDArray[np.float32]]]:
    """Yield, without end, the positions of games in lock-step.

    Each time boards int8[G, 2, 25], whether a game begins there bool[G], and whose turn it is,
    1 or -1, float32[G]. A game that is over is shown once and then begins anew.
    """
    rng = np.random.default_rng(seed)
    boards = np.repeat(start()[None], _GAMES, axis=0)
    fresh, turns = np.ones(_GAMES, bool), np.ones(_GAMES, np.float32)
    while True:
        yield boards, fresh, turns
        over = results(boards) > 0
        # Dice that may open a game are dice.
        dice = np.where(fresh[:, None], opening_batch(rng, _GAMES), roll_batch(rng, _GAMES))
        legal = [afterstates_of(board, *map(int, roll)) for board, roll in
                 zip(boards[~over], dice[~over], strict=True)]
        chosen = _chosen(legal, equity, np.flatnonzero(~over) % 2 == 0, rng)
        boards = np.repeat(start()[None], _GAMES, axis=0)
        boards[~over] = chosen
        fresh, turns = over, np.where(over, np.float32(1), -turns)


def _chosen(
    legal: list[Boards], equity: Callable[[Boards], Any], at_random: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Boards:
    """Return one after-position of each game, drawn or the best for who moved."""
    worth = -np.asarray(equity(np.concatenate(legal)))
    found, at = [], 0
    for plays, drawn in zip(legal, at_random, strict=True):
        mine = worth[at : at + len(plays)]
        found.append(plays[rng.integers(len(plays)) if drawn else int(np.argmax(mine))])
        at += len(plays)
    return np.array(found)
