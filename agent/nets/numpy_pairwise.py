"""Which of two positions is better, in plain NumPy: what a person waits for must not import jax.

A tower e, the same for both, reads each of two positions; a linear layer on the two codes, one
after the other, says the logit that the first is the better one:

    u.e(a) - v.e(b) + c

Comparisons are learned in both orders, so u and v may change places (and c its sign) without
changing what they cost; the cost is convex in them, hence their mean w, which has c = 0, costs no
more. With it the logit is the difference s(a) - s(b) of scores s = w.e: what compares is a score of
each position alone, and the comparisons never contradict each other (Tesauro, "Connectionist
learning of expert preferences by comparison training", NIPS 1 (1989) 99-106, builds this in).

How likely a position is better than others, on average over fixed ones, is the mean of
sigmoid(s - s_r) and rises with s. So does the equity: the result is at least the k-th class with
probability sigmoid(slope s + above_k), slope > 0 and above_k falling (proportional odds: McCullagh,
J. R. Statist. Soc. B 42 (1980) 109-142). To choose by equity is to choose by score.

The parameters, with whatever normalises the layers folded in (H ``width``, E ``code``, R
``references``):

- ``hidden/kernel`` float32[Z, H], ``hidden/bias``; ``code/kernel`` float32[H, E], ``code/bias``;
  ``score/kernel`` float32[E], ``score/bias`` float32[1]: s, layers rectified between;
- ``classes/slope`` float32[1], ``classes/above`` float32[5];
- ``references/scores`` float32[R], s_r.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.nets.numpy_classes import N_CLASSES

Array = Any
Params = Mapping[str, Mapping[str, Array]]
Settings = Mapping[str, Any]
DEFAULTS = {"width": 128, "code": 32, "references": 256}


def shapes(columns: int, settings: Settings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its path.

    Args:
        columns: Z.
        settings: ``width``, ``code`` and ``references``.

    >>> shapes(52, DEFAULTS)["code/kernel"]
    (128, 32)
    """
    width, code = settings["width"], settings["code"]
    return {"hidden/kernel": (columns, width), "hidden/bias": (width,),
            "code/kernel": (width, code), "code/bias": (code,),
            "score/kernel": (code,), "score/bias": (1,),
            "classes/slope": (1,), "classes/above": (N_CLASSES - 1,),
            "references/scores": (settings["references"],)}


def scores(params: Params, z: Array, xp: Any = np) -> Array:
    """Return the score float32[...] of each row float32[..., Z], the higher the better."""
    for name in ("hidden", "code"):
        z = xp.maximum(z @ params[name]["kernel"] + params[name]["bias"], np.float32(0))
    return z @ params["score"]["kernel"] + params["score"]["bias"][0]


def against_others(params: Params, z: Array, xp: Any = np) -> Array:
    """Return how likely rows are better than the reference positions, float32[...], on average."""
    ahead = scores(params, z, xp)[..., None] - params["references"]["scores"]
    return xp.exp(_log_sigmoid(ahead, xp)).mean(axis=-1)


def log_probs(params: Params, z: Array, settings: Settings, xp: Any = np) -> Array:
    """Return log probabilities float32[..., 6] of the classes, of rows float32[..., Z].

    Args:
        params: as above.
        z: the rows.
        settings: not needed, the parameters say it all.
        xp: ``numpy`` or ``jax.numpy``.
    """
    return of_scores(params["classes"], scores(params, z, xp), xp)


def of_scores(classes: Mapping[str, Array], score: Array, xp: Any = np) -> Array:
    """Return log probabilities [..., 6] of scores [...], by ``slope`` and ``above``.

    The difference of two sigmoids is a product, so that nothing is lost where both are near 0 or 1:
    sigmoid(p) - sigmoid(q) = sigmoid(p) sigmoid(-q) (1 - exp(q - p)).
    """
    above = classes["above"]
    sums = classes["slope"] * score[..., None] + above
    none = xp.zeros_like(sums[..., :1])
    reached = xp.concatenate([none, _log_sigmoid(sums, xp)], axis=-1)
    missed = xp.concatenate([_log_sigmoid(-sums, xp), none], axis=-1)
    apart = xp.log1p(-xp.exp(above[1:] - above[:-1]))
    return reached + missed + xp.pad(apart, 1)


def _log_sigmoid(x: Array, xp: Any) -> Array:
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))
