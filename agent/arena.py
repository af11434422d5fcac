"""Contests between two agents with duplicate dice, and what can be said of the result.

Every sequence of dice is played twice with the seats exchanged, so that luck which favours a seat
cancels. Standard errors treat the two games of one sequence as one cluster. On request the luck of
the rolls is taken out of the result as well; see ``agent.luck``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.cluster import ALONE, Cluster
from agent.luck import RollValues, Tally
from agent.parts import joint, part, rng_of
from agent.protocol import Agent, Memory
from engine.board import start
from engine.dice import opening_batch, roll_batch
from engine.game import results

Progress = Callable[[int, int], None]
_Z95 = 1.959964


@dataclass(frozen=True)
class Contest:
    """The result of a contest, from the side of ``agent``; cubeless money games.

    ``ppg``: points a game, -3..3, with its standard error and 95 % interval (``None`` where one
    game tells nothing of the spread). Rates are fractions of all games; as in ``agent.outcome``
    they are cumulative: ``gammon`` counts the games won by a gammon or a backgammon.
    ``ppg_luck_adjusted``: the same mean as ``ppg`` with less chance in it, by the judgement of
    ``luck_evaluator``; ``None``, all four, where luck was not measured.
    """

    agent: str
    opponent: str
    games: int
    seed: int
    ppg: float
    ppg_se: float | None
    ppg_ci95: tuple[float, float] | None
    win: float
    win_se: float | None
    gammon: float
    backgammon: float
    gammon_lost: float
    backgammon_lost: float
    plies_per_game: float
    games_per_s: float
    ppg_luck_adjusted: float | None = None
    ppg_luck_adjusted_se: float | None = None
    ppg_luck_adjusted_ci95: tuple[float, float] | None = None
    luck_evaluator: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def play_contest(
    agent: Agent,
    opponent: Agent,
    games: int,
    seed: int,
    progress: Progress | None = None,
    luck_by: RollValues | None = None,
    cluster: Cluster = ALONE,
) -> Contest:
    """Play ``games`` games of ``agent`` against ``opponent`` in lock-step.

    Several processes share them out; each has the whole result. A game's dice are the same whoever
    plays it, and so is the game, but for players that play at random.

    Args:
        agent, opponent: the players; they may be the same object.
        games: how many, at least 1; where odd, the last sequence of dice is played once.
        seed: of the dice and of the players' own randomness; the same seed gives the same games.
        progress: called with (games finished, games) after each ply.
        luck_by: measures the luck of every roll; ``None``: it is not measured. The games are the
            same either way.
        cluster: the processes that share the games out; all of them do the same.
    """
    if games < 1:
        raise ValueError(f"games must be at least 1, not {games}")
    mine = part(games, cluster, group=2)
    tally = None if luck_by is None else Tally(luck_by, mine.stop - mine.start)
    began = time.perf_counter()
    points, plies = play_games(agent, opponent, games, seed, progress, tally, only=mine)
    luck = np.zeros(len(points)) if tally is None else tally.total
    found = joint({"points": points, "plies": plies, "luck": luck}, cluster)
    points, plies, luck = found["points"], found["plies"], found["luck"]
    seconds = time.perf_counter() - began
    ppg, ppg_se = _clustered_mean(points.astype(np.float64))
    win, win_se = _clustered_mean((points > 0).astype(np.float64))
    adjusted, adjusted_se = (None, None) if tally is None else _clustered_mean(points - luck)
    return Contest(
        agent=agent.name,
        opponent=opponent.name,
        games=games,
        seed=seed,
        ppg=ppg,
        ppg_se=ppg_se,
        ppg_ci95=_interval(ppg, ppg_se),
        win=win,
        win_se=win_se,
        gammon=float(np.mean(points >= 2)),
        backgammon=float(np.mean(points >= 3)),
        gammon_lost=float(np.mean(points <= -2)),
        backgammon_lost=float(np.mean(points <= -3)),
        plies_per_game=float(np.mean(plies)),
        games_per_s=games / seconds,
        ppg_luck_adjusted=adjusted,
        ppg_luck_adjusted_se=adjusted_se,
        ppg_luck_adjusted_ci95=_interval(adjusted, adjusted_se),
        luck_evaluator=None if luck_by is None else luck_by.judge.name,
    )


def _interval(mean: float | None, se: float | None) -> tuple[float, float] | None:
    return None if mean is None or se is None else (mean - _Z95 * se, mean + _Z95 * se)


def _clustered_mean(values: npt.NDArray[np.float64]) -> tuple[float, float | None]:
    """Return mean and standard error of games whose neighbours 2k, 2k + 1 share their dice."""
    mean = float(values.mean())
    residuals = np.add.reduceat(values - mean, np.arange(0, len(values), 2))
    clusters = len(residuals)
    if clusters < 2:
        return mean, None
    spread = float(np.sum(residuals**2)) * clusters / (clusters - 1)
    return mean, math.sqrt(spread) / len(values)


def play_games(
    agent: Agent,
    opponent: Agent,
    games: int,
    seed: int,
    progress: Progress | None = None,
    luck: Tally | None = None,
    only: slice | None = None,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Play games in lock-step; game 2k and 2k + 1 have the same dice and exchanged seats.

    The luck of each roll, if asked for, is added to ``luck``. Of all games those ``only`` are
    played, which begin with an even one; by default all.

    Returns:
        points int8[G] won by ``agent`` (negative: lost), and plies int32[G], of the G games played.
    """
    sequences = (games + 1) // 2
    only = slice(0, games) if only is None else only
    dice_rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    rng = rng_of(seed, 1, only)
    games, first = only.stop - only.start, only.start // 2
    boards = np.broadcast_to(start(), (games, 2, 25)).copy()
    # Whose turn: 0 the agent, 1 the opponent. In even games the agent makes the opening roll.
    turn = np.arange(games) % 2
    players = (agent, opponent)
    memories = [p.start(games) for p in players]
    points = np.zeros(games, np.int8)
    plies = np.zeros(games, np.int32)
    running = np.arange(games)
    ply = 0
    while len(running):
        # Dice are drawn for every sequence, finished or not: they never depend on the players.
        rolls = opening_batch(dice_rng, sequences) if ply == 0 else roll_batch(dice_rng, sequences)
        rolls = rolls[first:]
        if luck is not None:
            sign = 1 - 2 * turn[running]
            thrown = rolls[running // 2]
            luck.add(running, boards[running], thrown, sign=sign, opening=ply == 0)
        for seat, player in enumerate(players):
            mine = running[turn[running] == seat]
            if not len(mine):
                continue
            memory = _take(memories[seat], mine)
            after, memory = player.choose(boards[mine], rolls[mine // 2], memory, rng)
            memories[seat] = _put(memories[seat], mine, memory)
            boards[mine] = after
            won = results(after)
            points[mine] = won if seat == 0 else -won
        ply += 1
        plies[running] = ply
        turn = 1 - turn
        running = running[points[running] == 0]
        if progress is not None:
            progress(games - len(running), games)
    return points, plies


def _take(memory: Memory, at: npt.NDArray[np.int64]) -> Memory:
    if memory is None:
        return None
    if isinstance(memory, dict):
        return {k: _take(v, at) for k, v in memory.items()}
    return memory[at]


def _put(memory: Memory, at: npt.NDArray[np.int64], new: Memory) -> Memory:
    if memory is None:
        return None
    if isinstance(memory, dict):
        return {k: _put(v, at, new[k]) for k, v in memory.items()}
    memory[at] = new
    return memory
