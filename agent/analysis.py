"""What an evaluator thinks of the legal plays of a roll."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.protocol import Evaluator
from engine.plays import Play


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
