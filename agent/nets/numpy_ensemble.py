"""Classifiers of results, alone or as an ensemble: the geometric mean of what they say.

Each member sees a view of the position (``agent.nets.numpy_views``) and says log probabilities of
the six results (``agent.nets.numpy_classes``). The ensemble's are their weighted mean, made to sum
to one again. The weights are non-negative and sum to one; with one member nothing is changed.
The functions take NumPy and JAX arrays alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from agent.errors import ConfigError
from agent.nets import (
    numpy_fm,
    numpy_logistic,
    numpy_pairwise,
    numpy_trees,
    numpy_views,
    numpy_wide,
)
from agent.nets.numpy_classes import log_softmax, outcomes

Shapes = dict[str, tuple[int, ...]]


class Kind(NamedTuple):
    """A kind of classifier.

    ``shapes(Z, settings)`` of its parameters by path; ``log_probs(params, z float32[..., Z],
    settings, xp) -> float32[..., 6]``.
    """

    shapes: Callable[[int, Mapping[str, Any]], Shapes]
    log_probs: Callable[..., Any]


KINDS = {name: Kind(module.shapes, module.log_probs) for name, module in (
    ("logistic", numpy_logistic), ("wide", numpy_wide), ("trees", numpy_trees), ("fm", numpy_fm),
    ("pairwise", numpy_pairwise))}
_WHOLE = ("view", "map_view", "map_codes")


def geometric_mean(log_probs: Sequence[Any], weights: Any, xp: Any = np) -> Any:
    """Return the log probabilities [..., 6] of the weighted geometric mean of several [..., 6]."""
    total = sum(weight * said for weight, said in zip(weights, log_probs, strict=True))
    return log_softmax(total, xp)


def apply(params: Any, x: Any, settings: Mapping[str, Any], xp: Any = np) -> Any:
    """Return outcomes float32[..., 5] of inputs float32[..., F].

    Args:
        params: ``{"params": {"weights": float32[M], "member0": ..., ...}}``; a member's has what
            ``numpy_views.seen`` takes, and ``model``, its kind's.
        x: inputs.
        settings: ``members``, for each a mapping of its ``kind`` (of ``KINDS``), that kind's
            ``settings``, and what ``numpy_views.seen_shapes`` takes.
        xp: the array module, ``numpy`` or ``jax.numpy``.
    """
    parts = params["params"]
    said = [KINDS[member["kind"]].log_probs(
                part["model"], numpy_views.seen(part, x, xp), member["settings"], xp)
            for member, part in ((member, parts[f"member{i}"])
                                 for i, member in enumerate(settings["members"]))]
    return outcomes(geometric_mean(said, parts["weights"], xp), xp)


def shapes(inputs: int, settings: Mapping[str, Any], outcomes: int) -> Shapes:
    """Return the shape of every parameter by its path, as it stands in a checkpoint.

    Args:
        inputs: F.
        settings: see :func:`apply`.
        outcomes: what a net says of a position; an ensemble says the five of ``agent.outcome``.

    Raises:
        ConfigError: the settings are none.
    """
    members = settings.get("members")
    if not isinstance(members, list | tuple) or not members or outcomes != 5:
        raise ConfigError("members must be a list of classifiers, one at least, of five outcomes")
    found: Shapes = {"params/weights": (len(members),)}
    for i, member in enumerate(members):
        _check(member)
        own = {**numpy_views.seen_shapes(inputs, member),
               **{f"model/{path}": shape for path, shape in KINDS[member["kind"]].shapes(
                   numpy_views.columns_of(member), member["settings"]).items()}}
        found |= {f"params/member{i}/{path}": shape for path, shape in own.items()}
    return found


def _check(member: Any) -> None:
    if not isinstance(member, Mapping) or member.get("kind") not in KINDS:
        raise ConfigError(f"a classifier's kind must be one of {', '.join(KINDS)}")
    whole = [member.get(name) for name in _WHOLE] + list(member.get("map_hidden", [None]))
    if not all(isinstance(n, int) and 0 <= n <= 65536 for n in whole):
        raise ConfigError(f"{', '.join(_WHOLE)} and map_hidden must be whole numbers")
    if not isinstance(member.get("settings"), Mapping):
        raise ConfigError(f"a {member['kind']} needs settings")
