"""Self-play by TD(lambda) once more: in float64 NumPy, one game and one play after the other.

Only the rules (``engine.plays``), the inputs and the outcomes, which have tests of their own, are
shared with what is tested; gradients of the perceptron are written out by hand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agent import outcome
from agent.checkpoint import flatten, unflatten
from agent.features import tesauro198
from agent.nets import numpy_mlp
from engine.board import start
from engine.plays import afterstates_of

HIDDEN = 4
# Seen from the other side: a win is a loss, and the gammons change hands.
TURN = ([0, 3, 4, 1, 2], np.array([-1.0, 1, 1, 1, 1]), np.array([1.0, 0, 0, 0, 0]))


def random_params(seed: int, scale: float = 1.0) -> dict:
    """Return a net 198 -> 4 -> 5 with random parameters, float32."""
    rng = np.random.default_rng(seed)
    shapes = numpy_mlp.shapes(198, (HIDDEN,), outcome.N_OUTCOMES)
    flat = {k: rng.normal(0, scale / np.sqrt(s[0]), s).astype("f4") for k, s in shapes.items()}
    return unflatten(flat)


def racing_params(seed: int) -> dict:
    """Return a net that runs home, avoids blots and does not hit: its games are short.

    Everything else in it is random, so that no two outcomes and no two plays look the same.
    """
    flat = flatten(random_params(seed, scale=0.5))
    point = np.arange(1, 25)[:, None]
    to_go = (point**2 / 48 + point / 2) * np.array([1, 1, 1, 2]) / 24
    # After his play the mover is the opponent, whose position is wished well.
    mover = np.concatenate([(to_go + [0.3, -0.3, 0, 0]).ravel(), [2.2, 0]])
    other = np.concatenate([-0.2 * to_go.ravel(), [2, 0]])
    flat["params/hidden0/kernel"][:196, 0] += np.concatenate([other, mover])
    flat["params/hidden0/bias"][0] -= 3
    flat["params/outcome/kernel"][0] += [6, 3, 1, -3, -1]
    flat["params/outcome/bias"] -= np.array([3, 3, 3, 0, 2], "f4")
    return unflatten(flat)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def values(flat: dict, boards) -> np.ndarray:
    """Return the net's outcomes float64[N, 5] for the player on roll, exact for finished games."""
    x = tesauro198(boards).astype(float)
    h = sigmoid(x @ flat["params/hidden0/kernel"] + flat["params/hidden0/bias"])
    y = sigmoid(h @ flat["params/outcome/kernel"] + flat["params/outcome/bias"])
    return np.where(outcome.is_over(boards)[:, None], outcome.terminal(boards), y)


def gradients(flat: dict, board) -> dict[str, np.ndarray]:
    """Return the gradient of each of the five outcomes, leaves float64[5, ...]."""
    x = tesauro198(board).astype(float)
    w2 = flat["params/outcome/kernel"]
    h = sigmoid(x @ flat["params/hidden0/kernel"] + flat["params/hidden0/bias"])
    y = sigmoid(h @ w2 + flat["params/outcome/bias"])
    dy = np.diag(y * (1 - y))  # by its own pre-activation only
    dh = (y * (1 - y))[:, None] * w2.T * (h * (1 - h))
    return {
        "params/outcome/bias": dy,
        "params/outcome/kernel": h[None, :, None] * dy[:, None, :],
        "params/hidden0/bias": dh,
        "params/hidden0/kernel": x[None, :, None] * dh[:, None, :],
    }


def seen_by_first(value, side: int):
    """Turn five outcomes (leading axis) of the player on roll to those of side 0."""
    if side == 0:
        return value
    order, sign, offset = TURN
    return sign * value[order] + offset


def gradients_seen_by_first(flat: dict, board, side: int) -> dict[str, np.ndarray]:
    """Return the gradients of the outcomes of side 0."""
    found = gradients(flat, board)
    if side == 0:
        return found
    order, sign, _ = TURN
    return {k: sign.reshape(-1, *[1] * (g.ndim - 1)) * g[order] for k, g in found.items()}


class Best(NamedTuple):
    """The best play: the board after it, its outcome for the opponent, by how much it leads."""

    after: np.ndarray
    value: np.ndarray
    lead: float


def best_play(flat: dict, board, roll) -> Best:
    """Return the after-position that is worst for the opponent."""
    after = afterstates_of(board, int(roll[0]), int(roll[1]))
    theirs = values(flat, after)
    order = np.argsort(outcome.equity(theirs), kind="stable")
    worth = outcome.equity(theirs)[order]
    lead = worth[1] - worth[0] if len(worth) > 1 else np.inf
    return Best(after[order[0]], theirs[order[0]], float(lead))


class Game:
    """One game with its eligibility traces, all seen by side 0."""

    def __init__(self, board, side: int, ply: int, traces: dict[str, np.ndarray]) -> None:
        self.board, self.side, self.ply = board, int(side), int(ply)
        self.traces = {k: np.asarray(e, float) for k, e in traces.items()}

    def play(self, flat: dict, roll, lam: float, direction: dict[str, np.ndarray]) -> float:
        """Make one ply, add its ``delta e`` to the direction; return the lead of the best play."""
        best = best_play(flat, self.board, roll)
        before = seen_by_first(values(flat, self.board[None])[0], self.side)
        delta = seen_by_first(best.value, 1 - self.side) - before
        grown = gradients_seen_by_first(flat, self.board, self.side)
        self.traces = {k: lam * e + grown[k] for k, e in self.traces.items()}
        for name, e in self.traces.items():
            direction[name] += np.tensordot(delta, e, 1)
        self.board, self.side, self.ply = best.after, 1 - self.side, self.ply + 1
        if not best.after[1].any():
            self.board, self.side, self.ply = start(), 0, 0
            self.traces = {k: np.zeros_like(e) for k, e in self.traces.items()}
        return best.lead


def assert_uniform(counts) -> None:
    """Fail if counts of equally likely cases are too uneven (chi-square, p < 1e-4)."""
    counts = np.asarray(counts, float)
    expected, df = counts.sum() / len(counts), len(counts) - 1
    assert expected >= 5, "too few draws for the test"
    chi2 = float(np.sum((counts - expected) ** 2) / expected)
    # Wilson and Hilferty's approximation of the quantile.
    limit = df * (1 - 2 / (9 * df) + 3.72 * np.sqrt(2 / (9 * df))) ** 3
    assert chi2 < limit, f"chi-square {chi2:.1f} with {df} degrees of freedom"


def assert_identical(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    """Fail unless two sets of arrays agree bit for bit."""
    assert a.keys() == b.keys()
    for name, array in a.items():
        assert array.dtype == b[name].dtype and array.shape == b[name].shape, name
        assert array.tobytes() == b[name].tobytes(), name
