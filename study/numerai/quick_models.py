"""Models that are fitted in seconds, for comparing parts of the data rather than models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from agent.nets.numpy_classes import N_CLASSES
from study.numerai.extra import need

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Judge(Protocol):
    """A model that was fitted."""

    def log_probs(self, z: Floats) -> npt.NDArray[Any]:
        """Return log probabilities float[N, 6] of the classes."""
        ...


Maker = Callable[[Floats, Ints, int], Judge]
"""Fits a model: ``maker(z, y, seed)``."""


class _Sklearn(NamedTuple):
    """A classifier with scikit-learn's ways, of all six classes even if it has met fewer."""

    model: Any
    rows: int

    def log_probs(self, z: Floats) -> npt.NDArray[np.float64]:
        """Return log probabilities float64[N, 6]; what never came counts as one row of six."""
        shares = np.zeros((len(z), N_CLASSES))
        shares[:, self.model.classes_] = self.model.predict_proba(z)
        return np.log((shares * self.rows + 1 / N_CLASSES) / (self.rows + 1))


def logistic(z: Floats, y: Ints, seed: int) -> Judge:
    """Fit a logistic regression with the pipeline's L2, C = 0.01."""
    model = need("sklearn.linear_model").LogisticRegression(C=1e-2, max_iter=300)
    return _Sklearn(model.fit(z, y), len(y))


def trees(z: Floats, y: Ints, seed: int) -> Judge:
    """Fit a few gradient boosted trees."""
    model = need("lightgbm").LGBMClassifier(
        n_estimators=40, num_leaves=15, learning_rate=0.1, min_child_samples=50, n_jobs=1,
        random_state=seed, deterministic=True, force_row_wise=True, verbose=-1)
    return _Sklearn(model.fit(z, y), len(y))


MODELS: dict[str, Maker] = {"logistic, L2": logistic, "boosted trees": trees}
"""Quick models, by name."""
