"""A model that was fitted: what its kind needs to judge a view of a position."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_AT_ONCE = 4096


class Fitted(NamedTuple):
    """A classifier of one kind: a module ``agent.nets.numpy_KIND``.

    ``params``: a tree of float32 arrays; ``report``: what fitting it showed, plain values.
    """

    kind: str
    settings: Mapping[str, Any]
    params: Mapping[str, Any]
    report: Mapping[str, Any] = {}

    def log_probs(self, z: Floats) -> Floats:
        """Return log probabilities float32[N, 6] of the classes, of views float32[N, Z]."""
        judge = import_module(f"agent.nets.numpy_{self.kind}").log_probs
        parts = [np.asarray(judge(self.params, z[at:at + _AT_ONCE], self.settings))
                 for at in range(0, len(z), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, 6), np.float32)
