"""What positions of a data set look like, without a model: distributions, correlations, PCA, t-SNE.

The clusters that DBSCAN (Ester et al., KDD 1996) finds in a map of t-SNE are held against the
phases of play that a backgammon player tells apart (``study.numerai.phases``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.protocol import Boards
from study.numerai.embedding import Tsne, tsne
from study.numerai.extra import need
from study.numerai.phases import FACTS, PHASES, facts, phases

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Tell = Callable[[float], None]
_GRID = 97
# Counts are spread by so much at least, so that a violin of whole numbers has no teeth.
_LEAST_WIDTH = 0.35
_COMPONENTS = 200
_MOST_COLUMNS = 100


class Sample(NamedTuple):
    """N positions to be looked at.

    ``boards`` int8[N, 2, 25]; ``points`` int8[N], the results; ``source`` int[N], a number in
    ``sources``; ``test`` bool[N], whether it is of the test part; ``z`` float32[N, Z], a view.
    """

    boards: Boards
    points: npt.NDArray[np.int8]
    source: npt.NDArray[Any]
    test: npt.NDArray[np.bool_]
    z: Floats
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """How much is looked at.

    ``rows`` of distributions and correlations at most, ``pca_rows`` and ``tsne_rows`` of the
    others; ``shown``, dots of a scatter at most. ``perplexity`` of t-SNE, ``early`` and ``late``
    iterations. ``neighbours`` that make a point of DBSCAN dense, within the distance that
    ``dense`` of the points have so many in; ``seed``.
    """

    rows: int = 100_000
    pca_rows: int = 10_000
    tsne_rows: int = 3000
    shown: int = 2000
    perplexity: float = 30.0
    early: int = 250
    late: int = 500
    neighbours: int = 20
    dense: float = 0.25
    seed: int = 1

    def __post_init__(self) -> None:
        least = min(self.rows, self.pca_rows, self.tsne_rows, self.shown, self.neighbours)
        if least < 1 or self.perplexity < 1:
            raise ConfigError("rows, dots, neighbours and perplexity must be at least 1")
        if not 0 < self.dense < 1:
            raise ConfigError(f"dense must be above 0 and below 1, not {self.dense}")


QUICK = Settings(rows=20_000, pca_rows=1500, tsne_rows=500, shown=500, early=60, late=120,
                 perplexity=20, neighbours=8)


def analyse(
    sample: Sample, settings: Settings = Settings(), tell: Tell = lambda fraction: None
) -> dict[str, Any]:
    """Look at positions.

    Args:
        sample: the positions.
        settings: how much is looked at.
        tell: called with the share done.

    Returns:
        Plain values: ``distributions``, see :func:`distributions`; ``correlations``;
        ``phases``, the share of each in each source; ``pca``; ``tsne``.

    Raises:
        ConfigError: too few rows, or too many columns for polynomials; AgentError: a library is
            not installed.
    """
    rng = np.random.default_rng([settings.seed, 8])
    some = _take(sample, rng.permutation(len(sample.boards))[:settings.rows])
    seen, phase = facts(some.boards), phases(some.boards)
    found: dict[str, Any] = {
        "rows": len(seen),
        "distributions": distributions(seen[:, 0], some.source, some.test, some.sources),
        "correlations": correlations(seen, some.points),
        "phases": {name: _shares(phase[some.source == i])
                   for i, name in enumerate(some.sources) if (some.source == i).any()}}
    tell(0.05)
    found["pca"] = pca(some.z[:settings.pca_rows], phase[:settings.pca_rows], settings.shown)
    tell(0.3)
    found["tsne"] = clusters(some.boards, some.z, phase, settings,
                             lambda share: tell(0.3 + 0.7 * share))
    return found


def _take(sample: Sample, at: Ints) -> Sample:
    return sample._replace(boards=sample.boards[at], points=sample.points[at],
                           source=sample.source[at], test=sample.test[at], z=sample.z[at])


def _shares(phase: Ints) -> dict[str, float]:
    counts = np.bincount(phase, minlength=len(PHASES)) / max(1, len(phase))
    return {name: float(share) for name, share in zip(PHASES, counts, strict=True)}


def distributions(
    values: Floats, source: npt.NDArray[Any], test: npt.NDArray[np.bool_], sources: Sequence[str]
) -> dict[str, Any]:
    """Return how the facts float32[N, 9] of players on roll are spread in each source.

    Plain values by fact and source: ``at`` and ``density`` there, of a kernel estimate by normal
    curves (width by Scott's rule, 0.35 at least); ``quartiles``, three; ``test``, whether the
    source is of the test part.
    """
    found: dict[str, Any] = {}
    for k, fact in enumerate(FACTS):
        grid = np.linspace(values[:, k].min() - 1, values[:, k].max() + 1, _GRID)
        found[fact] = {}
        for i, name in enumerate(sources):
            mine = values[source == i, k].astype(np.int64)
            if not len(mine):
                continue
            count = np.bincount(mine) / len(mine)
            width = max(_LEAST_WIDTH, 1.06 * float(mine.std()) * len(mine) ** -0.2)
            away = (grid[:, None] - np.arange(len(count))) / width
            density = np.exp(-away**2 / 2) @ count / (width * np.sqrt(2 * np.pi))
            found[fact][name] = {
                "at": grid.round(3).tolist(), "density": density.round(6).tolist(),
                "quartiles": np.quantile(mine, [0.25, 0.5, 0.75]).tolist(),
                "test": bool(test[source == i].any())}
    return found


def correlations(seen: Floats, points: npt.NDArray[np.int8]) -> dict[str, Any]:
    """Return how facts float32[N, 2, 9] of both sides, and the result, go together.

    ``names`` and ``matrix``, Pearson's correlations; 0 with what never changes. The last of them is
    the result in points for the player on roll.
    """
    names = [f"{side} {fact}" for side in ("own", "their") for fact in FACTS] + ["result"]
    columns = np.column_stack([seen.reshape(len(seen), -1), points]).astype(np.float64)
    away = columns - columns.mean(0)
    spread = np.sqrt((away**2).sum(0))
    whole = np.divide(away, spread, out=np.zeros_like(away), where=spread > 0)
    return {"names": names, "matrix": (whole.T @ whole).round(4).tolist()}


def pca(z: Floats, phase: Ints, shown: int) -> dict[str, Any]:
    """Return principal components of a view, and of its polynomial features of degree 2.

    ``plain`` and ``polynomial``, each with ``columns``; ``explained``, the shares of variance of
    the first components; ``phases``, how far their phases explain where the rows lie in the
    first two (R², the share of the two components' variance that is between phases); ``dots``,
    rows of the first two, and ``phase``, that of each.

    Raises:
        ConfigError: more columns than polynomials can be made of.
    """
    if z.shape[1] > _MOST_COLUMNS:
        raise ConfigError(f"a view of {z.shape[1]} columns has too many products; take one of at "
                          f"most {_MOST_COLUMNS}, like counts")
    polynomial = need("sklearn.preprocessing").PolynomialFeatures(2, include_bias=False)
    found = {}
    for name, x in (("plain", z), ("polynomial", polynomial.fit_transform(z))):
        centred = x - x.mean(0)
        values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
        values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        dots = centred @ vectors[:, :2]
        found[name] = {
            "columns": int(x.shape[1]),
            "explained": (values / values.sum()).round(6)[:_COMPONENTS].tolist(),
            "phases": _between(dots, phase), "dots": dots[:shown].round(3).tolist(),
            "phase": phase[:shown].tolist()}
    return found


def _between(dots: npt.NDArray[Any], kind: Ints) -> float:
    """Return the share of the variance of dots [N, 2] that is between kinds."""
    sums = np.stack([np.bincount(kind, dots[:, i]) for i in range(dots.shape[1])], axis=1)
    counts = np.maximum(np.bincount(kind), 1)[:, None]
    away = dots - (sums / counts)[kind]
    return float(1 - (away**2).sum() / ((dots - dots.mean(0)) ** 2).sum())


def clusters(
    boards: Boards, z: Floats, phase: Ints, settings: Settings, tell: Tell
) -> dict[str, Any]:
    """Return a map of t-SNE, the clusters that DBSCAN finds in it, and which phases they are of.

    Args:
        boards: int8[N, 2, 25]; none is taken twice.
        z: their views float32[N, Z].
        phase: theirs.
        settings: how much is looked at.
        tell: called with the share done.

    Returns:
        ``dots``, ``phase`` and ``cluster`` (-1: in none, the largest is 0) of the rows;
        ``clusters`` from the largest on: ``rows``, ``phase`` that most are of, ``share`` that are,
        ``phases``, the shares of all; ``eps``, the distance of DBSCAN; ``clustered``, the share of
        the rows that are in one; of these ``purity``, the share that is of its cluster's phase,
        ``most``, that of the commonest phase (what one cluster would come to), and ``ami``, the
        adjusted mutual information of clusters and phases (Vinh et al., JMLR 11 (2010) 2837).
    """
    _, first = np.unique(boards.reshape(len(boards), -1), axis=0, return_index=True)
    at = np.sort(first)[:settings.tsne_rows]
    setting = Tsne(2, settings.perplexity)
    dots = np.asarray(tsne(z[at], setting, early=settings.early, late=settings.late,
                           seed=settings.seed, tell=tell))
    eps = _reach(dots, settings)
    found_by = need("sklearn.cluster").DBSCAN(eps=eps, min_samples=settings.neighbours)
    label = _by_size(found_by.fit(dots).labels_)
    kinds, inside = phase[at], label >= 0
    listed = list[dict[str, Any]]()
    for number in range(label.max() + 1):
        shares = _shares(kinds[label == number])
        most = max(shares, key=lambda name: shares[name])
        listed.append({"rows": int((label == number).sum()), "phase": most,
                       "share": shares[most], "phases": shares})
    found: dict[str, Any] = {
        "dots": dots.round(2).tolist(), "phase": kinds.tolist(), "cluster": label.tolist(),
        "clusters": listed, "eps": eps, "clustered": float(inside.mean()),
        "perplexity": settings.perplexity}
    if inside.any():
        mutual = need("sklearn.metrics").adjusted_mutual_info_score
        right = sum(cluster["rows"] * cluster["share"] for cluster in listed)
        found |= {"purity": float(right / inside.sum()),
                  "most": float(np.bincount(kinds[inside]).max() / inside.sum()),
                  "ami": float(mutual(kinds[inside], label[inside]))}
    return found


def _reach(dots: npt.NDArray[Any], settings: Settings) -> float:
    """Return how near ``neighbours``, a dot itself among them, are to a share ``dense`` of dots."""
    near = need("sklearn.neighbors").NearestNeighbors(
        n_neighbors=min(settings.neighbours, len(dots)), n_jobs=1).fit(dots)
    distance, _ = near.kneighbors(dots)
    return float(np.quantile(distance[:, -1], settings.dense))


def _by_size(label: npt.NDArray[Any]) -> Ints:
    """Return clusters numbered from the largest on; -1 stays.

    >>> _by_size(np.array([0, 1, 1, -1])).tolist()
    [1, 0, 0, -1]
    """
    order = np.argsort(-np.bincount(label[label >= 0]), kind="stable")
    number = np.empty(len(order) + 1, np.int64)
    number[order], number[-1] = np.arange(len(order)), -1
    return number[label]
