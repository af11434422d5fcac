"""What the search may choose among: models, their settings, and what they see."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from study.numerai import boosting, factorization, logistic, pairwise, wide
from study.numerai.search import Judge, Rows, Settings, Space, Tell, Trial

INPUTS = (("counts",), ("points",), ("units",), ("counts", "one t-SNE"), ("counts", "six t-SNE"),
          ("units", "six t-SNE"))
"""What models may see: names of columns, see ``study.numerai.study``."""

_NAMES = tuple(" and ".join(names) for names in INPUTS)
# Those of which all products of two can be had: the others have too many.
_NARROW = tuple(" and ".join(names) for names in INPUTS if "counts" in names)
Inputs = tuple[str, ...] | None


def all_spaces(small: bool) -> dict[str, Space]:
    """Return the models that the search tries; small ones for a look within a minute."""
    epochs: Settings = {"epochs": 3} if small else {}
    found = {
        "linear": logistic_space(1, _NAMES), "polynomial": logistic_space(2, _NARROW),
        "gbt": gbt_space(_NAMES, {"trees": 10} if small else {}), "fm": fm_space(_NAMES, epochs),
        "pairwise": pairwise_space(_NAMES, epochs),
    }
    return found if small else {**found, "random layer": wide_space(inputs=_NAMES)}


def _space(
    suggest: Callable[[Trial], Settings], fit: Callable[..., Judge], inputs: Inputs,
    fixed: Settings | None,
) -> Space:
    def fitted(settings: Settings, rows: Rows, seed: int, tell: Tell) -> Judge:
        return fit(*rows, **{**(fixed or {}), **settings}, seed=seed, tell=tell)

    return Space(suggest, fitted, inputs)


def logistic_space(degree: int, inputs: Inputs = None) -> Space:
    """Return logistic regression of a degree, C from 0.001 to 1,000."""
    def fit(z: Any, y: Any, game: Any, *, seed: int, **settings: Any) -> Judge:
        with warnings.catch_warnings():
            # A search wants the loss, whether the last digits of the weights are there or not.
            warnings.simplefilter("ignore", logistic.NotConverged)
            return logistic.fit(z, y, **settings)

    return _space(lambda trial: {"degree": degree, "c": trial.suggest_float(
        "c", 1e-3, 1e3, log=True)}, fit, inputs, None)


def wide_space(most: int = 4096, inputs: Inputs = None) -> Space:
    """Return random units, 256 to ``most`` of them, with dropout from 0 to 0.95."""
    return _space(lambda trial: {
        "units": trial.suggest_int("units", 256, most, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.95),
        "rate": trial.suggest_float("rate", 1e-4, 1e-2, log=True)}, wide.fit, inputs, None)


def gbt_space(inputs: Inputs = None, fixed: Settings | None = None) -> Space:
    """Return gradient boosted trees (LightGBM): how they grow, and how they are held small."""
    return _space(lambda trial: {
        "leaves": trial.suggest_int("leaves", 4, 32, log=True),
        "rate": trial.suggest_float("rate", 0.03, 0.3, log=True),
        "least": trial.suggest_int("least", 5, 500, log=True),
        "columns": trial.suggest_float("columns", 0.2, 1.0),
        "l2": trial.suggest_float("l2", 1e-2, 100.0, log=True)}, boosting.fit, inputs, fixed)


def fm_space(inputs: Inputs = None, fixed: Settings | None = None) -> Space:
    """Return factorization machines: rank, rate and L2."""
    return _space(lambda trial: {
        "rank": trial.suggest_int("rank", 2, 32, log=True),
        "rate": trial.suggest_float("rate", 1e-3, 3e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-1, log=True)}, factorization.fit, inputs, fixed)


def pairwise_space(inputs: Inputs = None, fixed: Settings | None = None) -> Space:
    """Return nets that compare: widths, rate and L2. They compare results alone: siblings teach
    which play is better, which is not what log loss measures."""
    def fit(z: Any, y: Any, game: Any, **settings: Any) -> Judge:
        return pairwise.fit(z, y, game, None, **settings)

    return _space(lambda trial: {
        "width": trial.suggest_int("width", 16, 256, log=True),
        "code": trial.suggest_int("code", 8, 64, log=True),
        "rate": trial.suggest_float("rate", 5e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-7, 1e-3, log=True)}, fit, inputs, fixed)
