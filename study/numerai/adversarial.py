"""Adversarial validation: which train positions look like test positions, and why that helps.

A random forest learns to tell train from test positions; each is judged by trees that have seen no
position of its game. The train games that look most like test games become the validation part. If
test positions are from another player's games, a random tenth of the train games says little about
them, since a model has seen such games; the most test-like tenth should say more.

Z. Zając tried it on rows of the competition (fastml.com/adversarial-validation-part-two, 2016);
forests: L. Breiman, Machine Learning 45 (2001) 5-32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from study.numerai.extra import need
from study.numerai.quick_models import MODELS, Maker
from study.numerai.scores import log_losses, mean_se

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Tell = Callable[[float], None]
SPLITS = ("adversarial", "random")


@dataclass(frozen=True)
class Settings:
    """How positions are told apart, and what is compared.

    ``trees`` of a forest, each grown from ``at_once`` rows drawn with replacement (from as many as
    there are, where they are fewer), with ``leaf`` rows at least in a leaf; ``folds``; ``share`` of
    the train rows that are for validation; ``seeds`` of everything, from ``seed`` on.
    """

    trees: int = 100
    folds: int = 5
    at_once: int = 10_000
    leaf: int = 5
    share: float = 0.1
    seeds: int = 3
    seed: int = 1

    def __post_init__(self) -> None:
        checks = [
            (min(self.trees, self.at_once, self.leaf, self.seeds) >= 1,
             "trees, at_once, leaf and seeds must be at least 1"),
            (self.folds >= 2, f"folds must be at least 2, not {self.folds}"),
            (0 < self.share < 1, f"share must be above 0 and below 1, not {self.share}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)


QUICK = Settings(trees=30, at_once=1000, seeds=2)


class Likeness(NamedTuple):
    """How much positions look like those of the test part.

    ``p_test`` float64[N]: what the forest thinks the chance is that a row is of the test part,
    out of fold; ``auc`` and its standard error by game, ``auc_se``.
    """

    p_test: npt.NDArray[np.float64]
    auc: float
    auc_se: float


def likeness(
    z: Floats, game: Ints, test: Bools, settings: Settings = Settings(), seed: int = 1,
    tell: Tell = lambda fraction: None,
) -> Likeness:
    """Tell train from test positions.

    Args:
        z: views float32[N, Z].
        game: of each row; all rows of a game are in one fold.
        test: whether a row is of the test part, bool[N].
        settings: of the forest.
        seed: of forest and folds.
        tell: called with the share done.

    Raises:
        ConfigError: fewer games than folds in a part; AgentError: scikit-learn is not installed.
    """
    forest = need("sklearn.ensemble").RandomForestClassifier
    fold = folds_of(game, test, settings.folds, seed)
    p_test = np.empty(len(z))
    for i in range(settings.folds):
        rest, held = np.flatnonzero(fold != i), np.flatnonzero(fold == i)
        grown = forest(settings.trees, min_samples_leaf=settings.leaf, n_jobs=1,
                       max_samples=min(settings.at_once, len(rest)), random_state=seed + 1000 * i)
        grown.fit(z[rest], test[rest])
        p_test[held] = grown.predict_proba(z[held])[:, 1]
        tell((i + 1) / settings.folds)
    return Likeness(p_test, *auc_se(p_test, test, game))


def folds_of(game: Ints, test: Bools, folds: int, seed: int) -> Ints:
    """Return the fold int64[N] of each row: whole games, both parts spread evenly.

    Raises:
        ConfigError: fewer games than folds in a part.
    """
    games, first = np.unique(game, return_index=True)
    fold = np.empty(len(games), np.int64)
    rng = np.random.default_rng([seed, 6])
    for part in (False, True):
        mine = rng.permutation(np.flatnonzero(test[first] == part))
        if len(mine) < folds:
            raise ConfigError(f"{'test' if part else 'train'} has {len(mine)} games; {folds} folds "
                              f"need {folds} at least")
        fold[mine] = np.arange(len(mine)) % folds
    return fold[np.searchsorted(games, game)]


def auc_se(score: npt.NDArray[np.float64], positive: Bools, game: Ints) -> tuple[float, float]:
    """Return the area under the ROC curve and its standard error, clustered by game.

    The area is the chance that a positive row has a higher score than another, ties half; its
    error is from each row's part in it, summed by game (N. Obuchowski, Biometrics 53 (1997) 567),
    where no game has rows of both kinds.

    >>> auc_se(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), np.arange(4))
    (1.0, 0.0)
    """
    above, below = np.sort(score[positive]), np.sort(score[~positive])

    def less(these: npt.NDArray[Any], among: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the share of ``among`` that is less than each of these, ties half."""
        sides = [np.searchsorted(among, these, side) for side in ("left", "right")]
        found: npt.NDArray[Any] = (sides[0] + sides[1]) / (2 * len(among))
        return found

    of_above, of_below = less(score[positive], below), 1 - less(score[~positive], above)
    area, se = mean_se(of_above, game[positive])
    _, other = mean_se(of_below, game[~positive])
    return area, float(np.hypot(se, other))


def most_alike(p_test: npt.NDArray[np.float64], game: Ints, share: float) -> Bools:
    """Return which train rows are for validation bool[N]: the games most like those of the test.

    Args:
        p_test: of train rows.
        game: of the same; whole games are taken, by their mean, until a ``share`` of the rows is.
        share: above 0, below 1.
    """
    games, place, rows = np.unique(game, return_inverse=True, return_counts=True)
    order = np.argsort(-np.bincount(place, p_test) / rows, kind="stable")
    return _first_games(order, place, rows, share)


def any_games(game: Ints, share: float, seed: int) -> Bools:
    """Return which train rows are for validation bool[N]: those of random games."""
    games, place, rows = np.unique(game, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 7]).permutation(len(games))
    return _first_games(order, place, rows, share)


def _first_games(order: Ints, place: Ints, rows: Ints, share: float) -> Bools:
    """Return which rows are of the first games of an order, a share of the rows or a bit more."""
    before = np.cumsum(rows[order]) - rows[order]
    # Something must be left to learn from, even of two games.
    taken = order[before < share * len(place)][:len(order) - 1]
    chosen = np.zeros(len(order), bool)
    chosen[taken] = True
    return chosen[place]


def compare(
    z: Floats, y: Ints, game: Ints, test: Bools, source: npt.NDArray[Any], sources: Sequence[str],
    *, models: Mapping[str, Maker] | None = None, settings: Settings = Settings(),
    tell: Tell = lambda fraction: None,
) -> dict[str, Any]:
    """Compare what the two kinds of validation say with what comes on the test part.

    Each model is fitted to the train rows that a validation part leaves, and its log loss measured
    on that part and on the test part.

    Args:
        z: views float32[N, Z], scaled over the train rows.
        y: classes of the results.
        game: of each row.
        test: whether a row is of the test part, bool[N].
        source: of each row, a number in ``sources``.
        sources: names.
        models: by name; those of ``study.numerai.quick_models`` by default.
        settings: how positions are told apart.
        tell: called with the share done.

    Returns:
        Plain values. ``rows``, one for each seed and model: ``adversarial`` and ``random``, each
        with ``validation`` and ``test``, [log loss, its standard error by game]; ``nearer``,
        whether the adversarial one is. ``forests``, one for each seed: ``auc``, ``auc_se``;
        ``auc_of``, the same two of each train source alone against the test part; ``sources``, by
        kind of validation the share of each source in it. Of the first seed
        ``histogram`` (``edges``, ``share`` of a source's rows by bin) and ``roc`` (``false``,
        ``true``), for pictures.
    """
    models = MODELS if models is None else models
    train = np.flatnonzero(~test)
    found: dict[str, Any] = {"rows": [], "forests": [], "test_rows": int(test.sum()),
                             "train_rows": len(train)}
    steps = settings.seeds * (1 + 2 * len(models))
    for seed in range(settings.seed, settings.seed + settings.seeds):
        done = (seed - settings.seed) * (1 + 2 * len(models))
        like = likeness(z, game, test, settings, seed, _part(tell, done, steps))
        validation = {"adversarial": most_alike(like.p_test[train], game[train], settings.share),
                      "random": any_games(game[train], settings.share, seed)}
        found["forests"].append({
            "seed": seed, "auc": like.auc, "auc_se": like.auc_se,
            "auc_of": _auc_of(like.p_test, test, game, source, sources),
            "sources": {kind: _shares(source[train][held], sources)
                        for kind, held in validation.items()}})
        if seed == settings.seed:
            found |= _curves(like.p_test, test, source, sources)
        for name, maker in models.items():
            row: dict[str, Any] = {"seed": seed, "model": name}
            for kind, held in validation.items():
                rest, kept = train[~held], train[held]
                judge = maker(z[rest], y[rest], seed)
                row[kind] = {part: list(mean_se(log_losses(judge.log_probs(z[at]), y[at]),
                                                game[at]))
                             for part, at in (("validation", kept), ("test", test.nonzero()[0]))}
                done += 1
                tell((done + 1) / steps)
            row["nearer"] = _away(row["adversarial"]) < _away(row["random"])
            found["rows"].append(row)
    return found


def _away(losses: Mapping[str, Sequence[float]]) -> float:
    return abs(losses["validation"][0] - losses["test"][0])


def _part(tell: Tell, done: int, steps: int) -> Tell:
    return lambda share: tell((done + share) / steps)


def _auc_of(
    p_test: npt.NDArray[np.float64], test: Bools, game: Ints, source: npt.NDArray[Any],
    sources: Sequence[str],
) -> dict[str, list[float]]:
    found = {}
    for i, name in enumerate(sources):
        mine = (source == i) & ~test
        if mine.any():
            both = mine | test
            found[name] = list(auc_se(p_test[both], test[both], game[both]))
    return found


def _shares(source: npt.NDArray[Any], sources: Sequence[str]) -> dict[str, float]:
    counts = np.bincount(source, minlength=len(sources)) / max(1, len(source))
    return {name: float(share) for name, share in zip(sources, counts, strict=True)}


def _curves(
    p_test: npt.NDArray[np.float64], test: Bools, source: npt.NDArray[Any], sources: Sequence[str]
) -> dict[str, Any]:
    """Return what the pictures of a forest show: a histogram by source, and the ROC curve."""
    edges = np.linspace(0, max(float(p_test.max()), 1e-6), 41)
    by_source = {}
    for i, name in enumerate(sources):
        mine = source == i
        if mine.any():
            counts, _ = np.histogram(p_test[mine], edges)
            by_source[name] = {"share": (counts / mine.sum()).tolist(),
                               "test": bool(test[mine].any())}
    cuts = np.append(np.quantile(p_test, np.linspace(0, 1, 101)), np.inf)
    rates = {name: [float((p_test[part] >= cut).mean()) for cut in cuts]
             for name, part in (("false", ~test), ("true", test))}
    return {"histogram": {"edges": edges.tolist(), "sources": by_source}, "roc": rates}
