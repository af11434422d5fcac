"""The search for a model, what it sees and its settings, by Optuna's Parzen estimator.

Akiba et al., "Optuna" (arXiv 1907.10902); Bergstra et al., "Algorithms for hyper-parameter
optimization" (NIPS 2011). A trial is a pipeline: a model of ``spaces``, one of the ``inputs``, and
settings of that model; what counts is its log loss of the validation part. The first trials try
the models in turn. The same seed finds the same trials, however long they take.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from study.numerai.extra import need
from study.numerai.fitted import Floats
from study.numerai.scores import Ints, log_losses, mean_se

Trial = Any
Tell = Callable[[float], None]
Settings = dict[str, Any]
COMPLETE, PRUNED = "complete", "pruned"
MODEL, INPUTS = "model", "inputs"
# Of the first trials, so many of each model, before the estimator is free to choose.
_IN_TURN = 3
# A trial is given up where more than this share of those before, in per cent, did
# better on a part of the games.
_HOPELESS = 75.0
# Trials from which the importance of settings is told, at least.
_TELLING = 8


class Judge(Protocol):
    """A model that was fitted."""

    def log_probs(self, z: Floats, /) -> Floats:
        """Return log probabilities float32[N, 6] of the classes, of columns float32[N, Z]."""


class Rows(NamedTuple):
    """Columns float32[N, Z], classes of the results int64[N], and the games int64[N]."""

    z: Floats
    y: Ints
    game: Ints


class Space(NamedTuple):
    """A model that can be tried.

    ``suggest(trial)`` takes settings from an Optuna trial; ``fit(settings, rows, seed, tell)``
    makes a model of them. ``inputs``: those that it may see, ``None`` for all.
    """

    suggest: Callable[[Trial], Settings]
    fit: Callable[[Settings, Rows, int, Tell], Judge]
    inputs: tuple[str, ...] | None = None


class Found(NamedTuple):
    """What a search found, in plain values.

    ``trials``: in their order, ``number``, ``model``, ``inputs``, ``settings``, ``state``
    (``COMPLETE`` or ``PRUNED``), ``loss`` and ``se`` of the validation part (``None`` where
    pruned), ``partial``: the loss after a part of the games (``None`` where there is no such
    step), ``seconds``. ``best``: the best trial of each model that has one, the best of all first.
    ``importance``: for the search as a whole (``""``) and for each model, the share of each
    setting in how the losses vary (fANOVA; Hutter et al., ICML 2014); empty where there were too
    few trials.
    """

    trials: list[dict[str, Any]]
    best: list[dict[str, Any]]
    importance: dict[str, dict[str, float]]


def search(
    spaces: Mapping[str, Space], inputs: Mapping[str, tuple[Floats, Floats]],
    train: tuple[Ints, Ints], valid: tuple[Ints, Ints], *, trials: int, seed: int = 1,
    partial: float | None = None, tell: Tell = lambda fraction: None,
) -> Found:
    """Search for the pipeline with the smallest log loss.

    Args:
        spaces: the models, by name.
        inputs: what they may see, by name: the columns of the train part and of the validation
            part, float32[N, Z] each.
        train: classes int64[N] and games int64[N] of the train part.
        valid: those of the validation part.
        trials: how many.
        seed: of the estimator and of every fit.
        partial: the share of the train games that a trial is fitted to first; it is pruned where
            three quarters of those before had a smaller loss then. ``None``: none is.
        tell: called with the share of trials that is done; may raise.

    Raises:
        ConfigError: a number makes no sense, or a model has nothing to see.
        AgentError: Optuna is not installed.
    """
    _check(spaces, inputs, trials, partial)
    optuna = need("optuna")
    tried: list[dict[str, Any]] = []
    run = _Run(optuna, spaces, inputs, train, valid, seed, partial, tell, trials, tried)
    spoken = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            # Optuna calls the joint estimator experimental.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = _study(optuna, seed, len(spaces))
            for name in list(spaces) * _IN_TURN:
                study.enqueue_trial({MODEL: name})
            tell(0.0)
            study.optimize(run.objective, n_trials=trials)
            importance = _importance(optuna, study, list(spaces), seed)
    finally:
        optuna.logging.set_verbosity(spoken)
    done = sorted((one for one in tried if one["state"] == COMPLETE),
                  key=lambda one: (one["loss"], one["number"]))
    best = {one["model"]: one for one in reversed(done)}
    return Found(tried, sorted(best.values(), key=lambda one: one["loss"]), importance)


def _check(
    spaces: Mapping[str, Space], inputs: Mapping[str, Any], trials: int, partial: float | None
) -> None:
    if not spaces or not inputs:
        raise ConfigError("there must be a model at least, and something for it to see")
    if trials < 1:
        raise ConfigError(f"there must be one trial at least, not {trials}")
    if partial is not None and not 0 < partial < 1:
        raise ConfigError(f"the part of the games must be above 0 and below 1, not {partial}")
    for name, space in spaces.items():
        if space.inputs is not None and not set(space.inputs) & set(inputs):
            raise ConfigError(f"{name} can see {', '.join(space.inputs)}, but there is only "
                              f"{', '.join(inputs)}")


def _study(optuna: Any, seed: int, models: int) -> Any:
    first = max(10, models * _IN_TURN)
    return optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True,
                                           n_startup_trials=first),
        pruner=optuna.pruners.PercentilePruner(_HOPELESS, n_startup_trials=first // 2))


class _Run(NamedTuple):
    """One search: what its trials have in common, and those ``tried`` so far."""

    optuna: Any
    spaces: Mapping[str, Space]
    inputs: Mapping[str, tuple[Floats, Floats]]
    train: tuple[Ints, Ints]
    valid: tuple[Ints, Ints]
    seed: int
    partial: float | None
    tell: Tell
    trials: int
    tried: list[dict[str, Any]]

    def objective(self, trial: Trial) -> float:
        """Fit and judge one pipeline; return its loss."""
        begun = time.monotonic()
        name = trial.suggest_categorical(MODEL, list(self.spaces))
        space = self.spaces[name]
        seen = self._seen(trial, name, space)
        settings = space.suggest(_Prefixed(trial, name))
        row: dict[str, Any] = {
            "number": trial.number, "model": name, "inputs": seen, "settings": settings,
            "state": PRUNED, "loss": None, "se": None, "partial": None}
        try:
            if self.partial is not None:
                row["partial"], _ = self._loss(space, settings, seen, self._some(), 0.0)
                trial.report(row["partial"], 0)
                if trial.should_prune():
                    raise self.optuna.TrialPruned
            everything = np.ones(len(self.train[0]), bool)
            row["loss"], row["se"] = self._loss(space, settings, seen, everything,
                                                self.partial or 0.0)
            row["state"] = COMPLETE
        finally:
            self.tried.append({**row, "seconds": time.monotonic() - begun})
        self.tell((trial.number + 1) / self.trials)
        return float(row["loss"])

    def _seen(self, trial: Trial, name: str, space: Space) -> str:
        may = [one for one in self.inputs if space.inputs is None or one in space.inputs]
        # What a setting can be must stay the same, so each choice has its own name.
        label = INPUTS if len(may) == len(self.inputs) else f"{name}.{INPUTS}"
        return str(trial.suggest_categorical(label, may)) if len(may) > 1 else may[0]

    def _loss(
        self, space: Space, settings: Settings, seen: str, rows: npt.NDArray[np.bool_], share: float
    ) -> tuple[float, float]:
        """Return the loss of the validation part and its error, fitted to these rows."""
        z, valid = self.inputs[seen]
        y, game = self.train
        done = len(self.tried)
        fitted = space.fit(
            settings, Rows(z[rows], y[rows], game[rows]), self.seed,
            lambda f: self.tell((done + share + (1 - share) * min(f, 0.99)) / self.trials))
        losses = log_losses(fitted.log_probs(valid), self.valid[0])
        found = mean_se(losses, self.valid[1])
        return found.mean, found.se

    def _some(self) -> npt.NDArray[np.bool_]:
        """Return the rows of the games that every trial is fitted to first."""
        game = self.train[1]
        games = np.random.default_rng([self.seed, len(game)]).permutation(np.unique(game))
        kept: npt.NDArray[np.bool_] = np.isin(
            game, games[: max(2, round(len(games) * (self.partial or 1.0)))])
        return kept


class _Prefixed:
    """An Optuna trial whose settings bear the name of their model: ``rate`` is ``fm.rate``."""

    def __init__(self, trial: Trial, name: str) -> None:
        self._trial, self._name = trial, name

    def suggest_float(self, name: str, low: float, high: float, **how: Any) -> float:
        return float(self._trial.suggest_float(f"{self._name}.{name}", low, high, **how))

    def suggest_int(self, name: str, low: int, high: int, **how: Any) -> int:
        return int(self._trial.suggest_int(f"{self._name}.{name}", low, high, **how))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._trial.suggest_categorical(f"{self._name}.{name}", choices)


def _importance(optuna: Any, study: Any, models: Sequence[str], seed: int) -> dict[str, Any]:
    """Return the importance of settings by model, and of those that all models have under ''."""
    found: dict[str, dict[str, float]] = {}
    states = (optuna.trial.TrialState.COMPLETE,)
    done = [trial for trial in study.get_trials(states=states) if np.isfinite(trial.value)]
    for name in ("", *models):
        mine = [trial for trial in done if name in ("", trial.params[MODEL])]
        # A setting of which all trials say the same tells nothing.
        names = [one for one in dict.fromkeys(k for trial in mine for k in trial.params)
                 if all(one in trial.params for trial in mine)
                 and len({trial.params[one] for trial in mine}) > 1]
        found[name] = {}
        if len(mine) < _TELLING or not names or len({trial.value for trial in mine}) < 2:
            continue
        part = optuna.create_study()
        part.add_trials(mine)
        shares = optuna.importance.get_param_importances(
            part, params=names, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed))
        found[name] = {k.removeprefix(f"{name}."): float(v) for k, v in shares.items()}
    return found
