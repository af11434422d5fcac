"""How much an agent's plays lose, by the judgement of a stronger player written to a file.

The loss of a play is what it falls short of the best equity among the candidates. A play that is
none of them has a quick equity only; the candidates' mean difference of the two is added to it, and
the loss is called estimated. A play that is not listed is illegal and loses as much as the worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.cluster import ALONE, Cluster
from agent.decisions import CLASSES, Decisions, Floats
from agent.parts import joint, part
from agent.protocol import Agent, Boards, Evaluator

ALL = "all"

# Equities in the file have five digits: smaller losses are rounding.
_NOTHING = 1e-5
_BLUNDER = 0.08
_PART = 512


@dataclass(frozen=True)
class Losses:
    """What ``decisions`` plays of one class lost.

    ``mpt``: thousandths of a point a decision, with its standard error (``None`` where one decision
    tells nothing of the spread). ``best`` and ``blunder``: shares of plays that lost nothing, and
    more than 80 mpt. ``estimated`` and ``illegal``: how many.
    """

    decisions: int
    mpt: float
    mpt_se: float | None
    best: float
    blunder: float
    estimated: int
    illegal: int


@dataclass(frozen=True)
class ErrorRate:
    """The errors of an agent: by class, and in ``all``; classes without a decision are absent.

    ``rms``: by class, the root of the mean squared difference between its five outcomes, and its
    ``equity``, and those of the file, and how many ``positions`` were compared; ``None`` for an
    agent that is no ``Evaluator``.
    """

    agent: str
    file: str
    seed: int
    losses: dict[str, Losses]
    rms: dict[str, dict[str, float]] | None

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def measure(
    agent: Agent,
    decisions: Decisions,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    cluster: Cluster = ALONE,
) -> ErrorRate:
    """Let an agent make decisions, and say what they cost.

    Several processes share them out; each has the whole result.

    Args:
        agent: each decision is a game of its own to it.
        decisions: from ``agent.decisions.read``.
        seed: of the agent's own randomness.
        progress: called with (decisions made, decisions).
        cluster: the processes; all of them do the same.
    """
    mine = part(len(decisions), cluster, group=_PART)
    # Random plays of several processes are not the same.
    rng = np.random.default_rng(seed if mine.start == 0 else [seed, mine.start])
    own, dice = decisions.boards[mine], decisions.dice[mine]
    plays = np.empty_like(own)
    for start in range(0, len(own), _PART):
        now = slice(start, start + _PART)
        memory = agent.start(len(own[now]))
        plays[now], _ = agent.choose(own[now], dice[now], memory, rng)
        if progress is not None:
            progress(start + len(own[now]), len(own))
    chosen = joint({"chosen": plays}, cluster)["chosen"]
    rms = rms_errors(decisions, agent) if isinstance(agent, Evaluator) else None
    return ErrorRate(agent.name, decisions.file, seed, losses_by_class(decisions, chosen), rms)


def losses_of(
    decisions: Decisions, chosen: Boards
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return what each play lost, in points.

    Args:
        chosen: int8[D, 2, 25], the after-positions, seen by the opponent.

    Returns:
        The losses float64[D] in points; where they are estimated bool[D]; which plays are illegal
        bool[D].
    """
    d, count = decisions, len(decisions)
    gain = np.where(d.candidate, d.equity - d.quick, 0)
    shift = np.bincount(d.owner, gain, count) / np.bincount(d.owner, d.candidate, count)
    worth = np.where(d.candidate, d.equity, d.quick + shift[d.owner])
    best = np.maximum.reduceat(np.where(d.candidate, d.equity, -np.inf), d.first)
    at = np.nonzero((d.after == chosen[d.owner]).all((-2, -1)))[0]
    of_choice, estimated = np.minimum.reduceat(worth, d.first), np.zeros(count, bool)
    of_choice[d.owner[at]], estimated[d.owner[at]] = worth[at], ~d.candidate[at]
    illegal = np.ones(count, bool)
    illegal[d.owner[at]] = False
    return np.maximum(0, best - of_choice), estimated, illegal


def losses_by_class(decisions: Decisions, chosen: Boards) -> dict[str, Losses]:
    """Return what the plays ``chosen`` int8[D, 2, 25] lost, by class; see ``Losses``."""
    lost, estimated, illegal = losses_of(decisions, chosen)
    found = {}
    for name, mine in _by_class(decisions.kind).items():
        n, of_class = int(mine.sum()), lost[mine]
        mean = float(of_class.mean())
        se = math.sqrt(float(np.sum((of_class - mean) ** 2)) / (n - 1) / n) if n > 1 else None
        found[name] = Losses(
            decisions=n,
            mpt=1000 * mean,
            mpt_se=None if se is None else 1000 * se,
            best=float(np.mean(of_class <= _NOTHING)),
            blunder=float(np.mean(of_class > _BLUNDER)),
            estimated=int(estimated[mine].sum()),
            illegal=int(illegal[mine].sum()),
        )
    return found


def rms_errors(decisions: Decisions, evaluator: Evaluator) -> dict[str, dict[str, float]]:
    """Return how far an evaluator is from the outcomes of the file, by class; see ``ErrorRate``.

    Compared are the position after the best play and the one after the last candidate listed,
    unless that is the best; not finished games, whose outcome everybody knows.
    """
    d = decisions
    worth = np.where(d.candidate, d.equity, -np.inf)
    top = worth == np.maximum.reduceat(worth, d.first)[d.owner]
    best = np.full(len(d), len(worth))
    np.minimum.at(best, d.owner[top], np.nonzero(top)[0])
    last = d.first + np.bincount(d.owner, d.candidate, len(d)).astype(np.int64) - 1
    at = np.concatenate([best, last[last != best]])
    at = at[~outcome.is_over(d.after[at])]
    ours, theirs = np.asarray(evaluator.evaluate(d.after[at])).astype(np.float64), d.outcomes[at]
    off = ours - theirs
    off = np.column_stack([off, outcome.equity(ours) - outcome.equity(theirs)])
    names = (*outcome.NAMES, "equity")
    found = {}
    for name, mine in _by_class(d.kind[d.owner[at]]).items():
        root = np.sqrt(np.mean(off[mine] ** 2, axis=0)).tolist()
        found[name] = {"positions": int(mine.sum()), **dict(zip(names, root, strict=True))}
    return found


def _by_class(kind: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which are of each class, and all of them, without the classes that are empty."""
    masks = {name: kind == i for i, name in enumerate(CLASSES)} | {ALL: kind >= 0}
    return {name: mask for name, mask in masks.items() if mask.any()}
