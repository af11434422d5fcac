"""The models one above the other: what L2, polynomials, embeddings and an ensemble are worth.

The competition's solution (J. Fleming, github.com/jimfleming/numerai) found each of them better
than what stood below: L2 over none, polynomials over columns alone, one t-SNE over none, several
over one, the ensemble over its members. Here all are fitted to the same rows of the train part, and
judged by the log loss of the validation part and of the test part. Differences are paired, position
by position, with standard errors by game; every seed draws its own games to be fitted to.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES
from agent.nets.numpy_ensemble import geometric_mean
from study.numerai import boosting, factorization, logistic, pairwise, wide
from study.numerai.fitted import Fitted, Floats
from study.numerai.scores import Ints, log_losses, mean_se

Bools = npt.NDArray[np.bool_]
Tell = Callable[[float], None]
L2 = 1.0
"""C of logistic regression with L2; the competition's solution has 0.01, too little here."""

MEMBERS = ("logistic", "gbt", "fm", "pairwise")
ENSEMBLE = "numerai"
PRIOR = "shares of the classes"
SIZED = ("linear, plain", "linear, L2", "polynomial, plain", "polynomial, L2")
"""Models that are fitted to fewer rows as well."""


class Sights(NamedTuple):
    """What models may see of N rows: columns float32[N, Z] by name, and of siblings likewise.

    ``preferred`` and ``other`` have the same names, of M pairs; ``sibling_game`` int64[M].
    """

    z: Mapping[str, Floats]
    y: Ints
    game: Ints
    preferred: Mapping[str, Floats]
    other: Mapping[str, Floats]
    sibling_game: Ints


class Rung(NamedTuple):
    """A model of the ladder: what it sees, by the names of its columns, and how it is fitted.

    ``fit(z, y, game, siblings, seed, tell)``; ``work``: about how long, the quickest 1.
    """

    sees: tuple[str, ...]
    fit: Callable[[Floats, Ints, Ints, pairwise.Siblings, int, Tell], Fitted]
    work: int = 1


@dataclass(frozen=True)
class Settings:
    """How many rows models are fitted to, and what models are.

    ``rows`` of the train part for each of ``seeds`` seeds, whole games; ``sizes``: fewer rows, for
    plain and L2 logistic regression. ``small``: whether models are made for a look within a
    minute.
    """

    rows: int = 30_000
    sizes: tuple[int, ...] = (1_000, 4_000, 12_000)
    seeds: int = 3
    seed: int = 1
    small: bool = False

    def __post_init__(self) -> None:
        if self.rows < 100 or self.seeds < 1 or any(not 100 <= n < self.rows for n in self.sizes):
            raise ConfigError("models need 100 rows and one seed at least, and sizes between 100 "
                              f"and the rows, not {self.rows}, {self.seeds} and "
                              f"{', '.join(map(str, self.sizes)) or 'none'}")


QUICK = Settings(rows=2_000, sizes=(500,), seeds=1, small=True)


def _logistic(degree: int, c: float | None, most: int) -> Callable[..., Fitted]:
    def fit(z: Floats, y: Ints, game: Ints, siblings: Any, seed: int, tell: Tell) -> Fitted:
        with warnings.catch_warnings():
            # The report says so, and the table marks it.
            warnings.simplefilter("ignore", logistic.NotConverged)
            return logistic.fit(z, y, degree=degree, c=c, max_iter=most, tell=tell)

    return fit


def rungs(small: bool, members: bool = False) -> dict[str, Rung]:
    """Return the models by name, those of the ensemble under its names for them.

    Args:
        small: sizes for a look within a minute.
        members: those of the ensemble alone.
    """
    most = 60 if small else logistic.MAX_ITER
    trees: Any = {"trees": 10, "leaves": 16} if small else {}
    epochs: Any = {"epochs": 3} if small else {}
    units: Any = {"units": 256, "epochs": 3} if small else {}

    def gbt(z: Floats, y: Ints, game: Ints, siblings: Any, seed: int, tell: Tell) -> Fitted:
        return boosting.fit(z, y, game, seed=seed, tell=tell, **trees)

    def fm(z: Floats, y: Ints, game: Ints, siblings: Any, seed: int, tell: Tell) -> Fitted:
        return factorization.fit(z, y, game, seed=seed, tell=tell, **epochs)

    def pairs(
        z: Floats, y: Ints, game: Ints, siblings: pairwise.Siblings, seed: int, tell: Tell
    ) -> Fitted:
        return pairwise.fit(z, y, game, siblings if len(siblings.game) else None, seed=seed,
                            tell=tell, **epochs)

    def random_layer(
        z: Floats, y: Ints, game: Ints, siblings: Any, seed: int, tell: Tell
    ) -> Fitted:
        return wide.fit(z, y, game, seed=seed, tell=tell, **units)

    found = {
        "logistic": Rung(("points",), _logistic(1, L2, most)),
        "gbt": Rung(("points",), gbt, 4),
        "fm": Rung(("units",), fm, 3),
        "pairwise": Rung(("units",), pairs, 3),
    }
    if members:
        return found
    return {
        "linear, plain": Rung(("counts",), _logistic(1, None, most)),
        "linear, L2": Rung(("counts",), _logistic(1, L2, most)),
        "linear, L2, one t-SNE": Rung(("counts", "one t-SNE"), _logistic(1, L2, most)),
        "linear, L2, six t-SNE": Rung(("counts", "six t-SNE"), _logistic(1, L2, most)),
        "linear, L2, autoencoder": Rung(("counts", "autoencoder"), _logistic(1, L2, most)),
        "linear, L2, denoising": Rung(("counts", "denoising"), _logistic(1, L2, most)),
        "polynomial, plain": Rung(("counts",), _logistic(2, None, most), 6),
        "polynomial, L2": Rung(("counts",), _logistic(2, L2, most), 4),
        "polynomial, L2, C 0.01": Rung(("counts",), _logistic(2, 0.01, most), 3),
        "polynomial, L2, one t-SNE": Rung(("counts", "one t-SNE"), _logistic(2, L2, most), 4),
        "polynomial, L2, six t-SNE": Rung(("counts", "six t-SNE"), _logistic(2, L2, most), 5),
        "trees": Rung(("counts",), gbt, 4),
        "trees, one t-SNE": Rung(("counts", "one t-SNE"), gbt, 4),
        "trees, six t-SNE": Rung(("counts", "six t-SNE"), gbt, 5),
        "random layer": Rung(("counts",), random_layer, 3),
        **found,
    }


COMPARISONS = (
    ("L2 over plain", "linear, L2", "linear, plain"),
    ("L2 over plain", "polynomial, L2", "polynomial, plain"),
    ("L2 of 0.01 over plain", "polynomial, L2, C 0.01", "polynomial, plain"),
    ("polynomial over linear", "polynomial, L2", "linear, L2"),
    ("one t-SNE over none", "linear, L2, one t-SNE", "linear, L2"),
    ("one t-SNE over none", "polynomial, L2, one t-SNE", "polynomial, L2"),
    ("one t-SNE over none", "trees, one t-SNE", "trees"),
    ("six t-SNE over one", "linear, L2, six t-SNE", "linear, L2, one t-SNE"),
    ("six t-SNE over one", "polynomial, L2, six t-SNE", "polynomial, L2, one t-SNE"),
    ("six t-SNE over one", "trees, six t-SNE", "trees, one t-SNE"),
    ("autoencoder over none", "linear, L2, autoencoder", "linear, L2"),
    ("autoencoder over none", "linear, L2, denoising", "linear, L2"),
    *(("ensemble over member", ENSEMBLE, member) for member in MEMBERS),
)
"""What is claimed, the model that is claimed to be better, and the other."""


def climb(
    rows: Sights, train: Ints, parts: Mapping[str, Ints], settings: Settings = Settings(),
    tell: Tell = lambda fraction: None,
) -> dict[str, Any]:
    """Fit every model, and compare them.

    Args:
        rows: what they may see.
        train: places of the rows that may be fitted to.
        parts: places of those they are judged by: ``validation``, ``test``.
        settings: how many rows, seeds.
        tell: called with the share done; may raise.

    Returns:
        Plain values. ``models``: for each its ``name``, ``columns``, ``converged`` (``None`` where
        it is no matter), and by part [log loss, standard error by game] of the mean over the seeds;
        ``by_seed`` log losses of the test part. ``comparisons``: ``claim``, ``better``,
        ``worse``, and by part how much less the log loss is, with its error; ``by_seed`` likewise.
        ``sizes``: ``name``, ``rows``, and by part log losses with errors.
    """
    models = rungs(settings.small)
    sized = [name for name in SIZED for _ in settings.sizes]
    works = [models[name].work for name in [*models, *sized]]
    total, done = settings.seeds * sum(works), 0
    losses: dict[str, list[dict[str, npt.NDArray[np.float64]]]] = {}
    facts: dict[str, dict[str, Any]] = {}
    for seed in range(settings.seed, settings.seed + settings.seeds):
        said: dict[str, dict[str, Floats]] = {}
        drawn = some_games(rows.game, train, settings.rows, seed)
        tasks = [(name, name, drawn) for name in models] + [
            (sized_name(name, size), name, some_games(rows.game, drawn, size, seed))
            for name in dict.fromkeys(sized) for size in settings.sizes]
        for called, name, at in tasks:
            rung = models[name]

            def share(part: float, done: int = done, work: int = rung.work) -> None:
                tell((done + part * work) / total)

            fitted = fit(rung, rows, at, seed, share)
            done += rung.work
            of_parts = {part: fitted.log_probs(columns(rows, rung.sees, place))
                        for part, place in parts.items()}
            if called in MEMBERS:
                said[called] = of_parts
            converged = fitted.report.get("converged")
            known = facts.setdefault(called, {"columns": _width(rows, rung), "converged": None})
            if converged is not None:
                known["converged"] = converged and known["converged"] is not False
            _keep(losses, called, of_parts, rows, parts)
        together = {part: geometric_mean([said[name][part] for name in MEMBERS],
                                         np.full(len(MEMBERS), 1 / len(MEMBERS), np.float32))
                    for part in parts}
        _keep(losses, ENSEMBLE, together, rows, parts)
        _keep(losses, PRIOR, {part: _prior(rows.y[drawn], len(place))
                              for part, place in parts.items()}, rows, parts)
    return _told(losses, facts, rows, parts, settings, models)


def sized_name(name: str, size: int) -> str:
    """Return what a model that was fitted to fewer rows is called."""
    return f"{name}, {size:,} rows"


def fit(rung: Rung, rows: Sights, at: Ints, seed: int, tell: Tell) -> Fitted:
    """Fit a model to these rows and the siblings of their games."""
    pairs = np.flatnonzero(np.isin(rows.sibling_game, np.unique(rows.game[at])))
    siblings = pairwise.Siblings(
        np.concatenate([rows.preferred[name][pairs] for name in rung.sees], axis=1),
        np.concatenate([rows.other[name][pairs] for name in rung.sees], axis=1),
        rows.sibling_game[pairs])
    return rung.fit(columns(rows, rung.sees, at), rows.y[at], rows.game[at], siblings, seed, tell)


def columns(rows: Sights, sees: Sequence[str], at: Ints) -> Floats:
    """Return the columns of these names, float32[len(at), Z]."""
    return np.concatenate([rows.z[name][at] for name in sees], axis=1)


def some_games(game: Ints, among: Ints, rows: int, seed: int) -> Ints:
    """Return places of about so many rows, those of random whole games; all where there are fewer.

    Args:
        game: of every row.
        among: places they are drawn from.
        rows: no more than these, but a game at least.
        seed: of the draw. Fewer rows are the first of more.
    """
    games, place, count = np.unique(game[among], return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 9]).permutation(len(games))
    kept = order[: max(1, int((np.cumsum(count[order]) <= rows).sum()))]
    return among[np.isin(place, kept)]


def _width(rows: Sights, rung: Rung) -> int:
    return sum(rows.z[name].shape[1] for name in rung.sees)


def _prior(y: Ints, count: int) -> Floats:
    shares = (np.bincount(y, minlength=N_CLASSES) + 1) / (len(y) + N_CLASSES)
    return np.broadcast_to(np.log(shares), (count, N_CLASSES)).astype(np.float32)


def _keep(
    losses: dict[str, list[dict[str, npt.NDArray[np.float64]]]], name: str,
    said: Mapping[str, Floats], rows: Sights, parts: Mapping[str, Ints],
) -> None:
    losses.setdefault(name, []).append(
        {part: log_losses(said[part], rows.y[place]) for part, place in parts.items()})


def _told(
    losses: Mapping[str, Sequence[Mapping[str, npt.NDArray[np.float64]]]],
    facts: Mapping[str, Mapping[str, Any]], rows: Sights, parts: Mapping[str, Ints],
    settings: Settings, models: Mapping[str, Rung],
) -> dict[str, Any]:
    """Return what the losses float64[N], by model, seed and part, say."""
    mean = {name: {part: np.mean([one[part] for one in seeds], axis=0) for part in parts}
            for name, seeds in losses.items()}

    def told(of: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, list[float]]:
        return {part: list(mean_se(of[part], rows.game[place])) for part, place in parts.items()}

    def by_seed(name: str) -> npt.NDArray[np.float64]:
        return np.array([one["test"].mean() for one in losses[name]])

    found: dict[str, Any] = {"models": [
        {"name": name, "columns": facts.get(name, {}).get("columns"),
         "converged": facts.get(name, {}).get("converged"), **told(mean[name]),
         "by_seed": by_seed(name).tolist()}
        for name in (PRIOR, *models, ENSEMBLE)]}
    found["comparisons"] = [
        {"claim": claim, "better": better, "worse": worse,
         **told({part: mean[worse][part] - mean[better][part] for part in parts}),
         "by_seed": (by_seed(worse) - by_seed(better)).tolist()}
        for claim, better, worse in COMPARISONS]
    found["sizes"] = [
        {"name": name, "rows": size, **told(mean[sized_name(name, size)])}
        for name in SIZED for size in settings.sizes]
    found["sizes"] += [{"name": name, "rows": settings.rows, **told(mean[name])}
                       for name in SIZED]
    return found
