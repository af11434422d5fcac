"""Rollouts: a position played out many times, and what came of it.

All trials of all positions advance in lock-step through the compiled search in blocks. The loop
over plies is on the host, so that a finished trial costs nothing more. The luck of each roll, by
the 0-ply outcomes of the best play of every roll, is taken out of each of the five outcomes; its
mean is zero, so the mean of the trials stays what it was (see ``agent.luck`` for the source).

The first two rolls of the trials go through the 36 x 36 combinations evenly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.cluster import ALONE, Cluster
from agent.errors import AgentError
from agent.parts import joint, part
from agent.players.searching import SearchingAgent
from agent.protocol import Boards
from agent.quick import quick_for
from agent.search import Judge, Search
from engine.dice import ROLL_WEIGHTS

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

_SIDES = 6
_ROLLS = _SIDES**2
_STRATIFIED = 2


@dataclass(frozen=True)
class Settings:
    """How to roll out.

    ``trials``: games of each position. ``truncate``: plies after which a trial ends with the net's
    own outcome; 0: it is played to the end. ``plies``: how far the players look ahead. ``luck``:
    whether the luck of the rolls is taken out. ``seed`` of the dice.
    """

    trials: int = 1296
    truncate: int = 11
    plies: int = 0
    luck: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("trials", 1), ("truncate", 0), ("plies", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise AgentError(f"{name} must be at least {least}, not {getattr(self, name)}")


@dataclass(frozen=True)
class Rollout:
    """What came of the trials of one position, for the player on roll before he rolls.

    ``outcome`` float64[5] and ``equity`` in points, cubeless, with the standard errors of trials
    that are independent (stratified ones scatter less); these are ``None`` of one trial. With the
    luck taken out an outcome may lie a little outside 0..1. ``values`` float64[trials] are the
    equities of the trials. Trials of one seed have the same dice whatever the position.
    """

    outcome: Floats
    outcome_se: Floats | None
    equity: float
    equity_se: float | None
    trials: int
    values: Floats


def rollout(
    judge: Judge,
    boards: Boards,
    settings: Settings,
    progress: Progress | None = None,
    cluster: Cluster = ALONE,
) -> list[Rollout]:
    """Roll out positions; both sides play like the judge.

    Several processes share out the trials; each has the whole result.

    Args:
        judge: the network.
        boards: int8[K, 2, 25], the player on roll first; games may be over.
        settings: how; the same settings give the same results.
        progress: called with (trials finished, trials in all) after each ply.
        cluster: the processes; all of them do the same.
    """
    trials = np.arange(settings.trials)[part(settings.trials, cluster)]
    found = _played(judge, boards, settings, trials, progress)
    # By trial, so that those of all processes follow each other.
    whole = joint({"found": np.swapaxes(found, 0, 1)}, cluster)["found"]
    return [_summary(np.ascontiguousarray(values)) for values in np.swapaxes(whole, 0, 1)]


def _played(
    judge: Judge, boards: Boards, settings: Settings, trials: npt.NDArray[np.int64],
    progress: Progress | None,
) -> Floats:
    """Return the outcomes float64[K, T, 5] of the trials int64[T] of boards int8[K, 2, 25]."""
    games = np.repeat(boards, len(trials), axis=0)
    number = np.tile(trials, len(boards))
    found = outcome.terminal(games).astype(np.float64)
    running = np.flatnonzero(~outcome.is_over(games))
    found[running] = 0
    players, ply = _Players(judge, settings), 0
    while len(running) and (ply < settings.truncate or not settings.truncate):
        thrown = rolls(settings.seed, settings.trials, ply)[number[running]]
        games[running], luck = players.turn(games[running], thrown)
        mine = ply % 2 == 0
        found[running] -= luck if mine else _exchanged(luck)
        ply += 1
        over = outcome.is_over(games[running])
        _add(found, running[over], outcome.terminal(games[running[over]]), ply)
        running = running[~over]
        if progress is not None:
            progress(len(games) - len(running), len(games))
    if len(running):
        _add(found, running, judge.evaluate(games[running]), ply)
        if progress is not None:
            progress(len(games), len(games))
    return found.reshape(len(boards), len(trials), outcome.N_OUTCOMES)


def rolls(seed: int, trials: int, ply: int) -> npt.NDArray[np.int8]:
    """Return the dice int8[trials, 2] of one ply, 0 or more; any player, any of 36 rolls.

    In the first two plies every 36 trials in a row see every roll once, and every 1,296 every
    combination of the two once. Each trial by itself has fair dice.
    """
    rng = np.random.default_rng([seed, ply])
    if ply < _STRATIFIED:
        trial = np.arange(trials)
        # A Latin square: the second roll is the first one, shifted from one 36 to the next.
        at = trial % _ROLLS if ply == 0 else (trial + trial // _ROLLS) % _ROLLS
        thrown = rng.permutation(_ROLLS)[at]
    else:
        thrown = rng.integers(_ROLLS, size=trials)
    return np.stack([thrown // _SIDES + 1, thrown % _SIDES + 1], axis=-1).astype(np.int8)


class _Players:
    """Both sides of the trials."""

    def __init__(self, judge: Judge, settings: Settings) -> None:
        self._search = Search(judge, quick=quick_for(judge))
        self._agent = SearchingAgent(judge, settings.plies) if settings.plies else None
        self._player = self._agent or judge
        self._luck = settings.luck

    def turn(
        self, boards: Boards, dice: npt.NDArray[np.int8]
    ) -> tuple[Boards, Floats]:
        """Return the after-positions and the luck float64[B, 5] of the rolls, to who threw them.

        Without luck to be measured it is called nothing.
        """
        if not self._luck:
            return self._choose(boards, dice), np.zeros((len(boards), outcome.N_OUTCOMES))
        replies = self._search.replies(boards)
        high, low = dice.max(-1).astype(np.int64), dice.min(-1)
        # ROLLS lists 1 roll whose higher die is 1, then 2 with a 2, and so on.
        at = np.arange(len(boards)), high * (high - 1) // 2 + low - 1
        values = replies.outcomes.astype(np.float64)
        luck = values[at] - np.einsum("nrk,r->nk", values, ROLL_WEIGHTS)
        return (replies.boards[at] if self._agent is None else self._choose(boards, dice)), luck

    def _choose(self, boards: Boards, dice: npt.NDArray[np.int8]) -> Boards:
        # The players do not play at random.
        return self._player.choose(boards, dice, None, np.random.default_rng(0))[0]


def _add(found: Floats, at: npt.NDArray[np.int64], values: npt.NDArray[np.float32], ply: int
         ) -> None:
    """Add outcomes of the player on roll after ``ply`` plies, seen by the one on roll before."""
    found[at] += values if ply % 2 == 0 else outcome.flip(values)


def _exchanged(change: Floats) -> Floats:
    """Return a difference of outcomes float64[B, 5] seen by the other player."""
    moved: Floats = outcome.flip(change) - outcome.flip(np.zeros_like(change))
    return moved


def _summary(found: Floats) -> Rollout:
    trials = len(found)
    values = outcome.equity(found)
    spread = equity_spread = None
    if trials > 1:
        spread = found.std(axis=0, ddof=1) / math.sqrt(trials)
        equity_spread = float(values.std(ddof=1)) / math.sqrt(trials)
    return Rollout(found.mean(axis=0), spread, float(values.mean()), equity_spread, trials, values)
