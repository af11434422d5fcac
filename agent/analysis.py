"""What an evaluator thinks of the legal plays of a roll, and what comes of them in a rollout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.cluster import ALONE, Cluster
from agent.players.searching import SearchingAgent
from agent.protocol import Evaluator
from agent.rollout import Floats, Progress, Rollout, Settings, rollout
from agent.search import Filter, Judge
from engine.plays import Play

# The plays worth rolling out, by the equities the players go by.
_ROLLED_OUT = Filter(5, 0.16)


@dataclass(frozen=True)
class Choice:
    """A play and its worth to the mover: outcome float32[5] and cubeless equity in points."""

    play: Play
    outcome: npt.NDArray[np.float32]
    equity: float


def rank(found: list[Play], evaluator: Evaluator) -> list[Choice]:
    """Return the plays with their worth to the mover, the best first; equal ones in given order."""
    chances = outcome.flip(np.asarray(evaluator.evaluate(np.stack([p.after for p in found]))))
    equities = outcome.equity(chances)
    order = np.argsort(-equities, kind="stable")
    return [Choice(found[i], chances[i], float(equities[i])) for i in order]


@dataclass(frozen=True)
class RolledOut:
    """A play and its rollout, seen by the mover.

    ``behind``: what it falls short of the best one in points, with its standard error, in which
    the luck that both have with the same dice cancels; ``None`` for the best one.
    """

    play: Play
    rollout: Rollout
    behind: tuple[float, float | None] | None


def roll_out(
    found: list[Play],
    judge: Judge,
    settings: Settings,
    progress: Progress | None = None,
    cluster: Cluster = ALONE,
) -> list[RolledOut]:
    """Roll out the best few plays with the same dice; return them, the best first.

    These are at most 5, none of them more than 0.16 points behind the best, by the equities that
    the players go by.

    Args:
        found: the legal plays of a roll.
        judge: the network that plays.
        settings: of the rollouts.
        progress, cluster: as for ``rollout``.
    """
    evaluator = SearchingAgent(judge, settings.plies) if settings.plies else judge
    ranked = rank(found, evaluator)[: _ROLLED_OUT.keep]
    least = ranked[0].equity - _ROLLED_OUT.within
    plays = [choice.play for choice in ranked if choice.equity >= least]
    after = np.stack([play.after for play in plays])
    made = [turned(r) for r in rollout(judge, after, settings, progress, cluster)]
    order = np.argsort([-r.equity for r in made], kind="stable")
    best = made[order[0]]
    return [RolledOut(plays[i], made[i], None if n == 0 else _behind(best.values, made[i].values))
            for n, i in enumerate(order)]


def turned(r: Rollout) -> Rollout:
    """Return a rollout seen by the other player."""
    # The chance to win and that to lose scatter alike; gammons won and lost change places.
    order = np.array([0, 3, 4, 1, 2])
    se = None if r.outcome_se is None else r.outcome_se[order]
    return Rollout(outcome.flip(r.outcome), se, -r.equity, r.equity_se, r.trials, -r.values)


def _behind(best: Floats, other: Floats) -> tuple[float, float | None]:
    short = best - other
    se = None if len(short) < 2 else float(short.std(ddof=1)) / len(short) ** 0.5
    return float(short.mean()), se
