"""Embeddings of positions without labels: t-SNE at six settings, and autoencoders, as maps.

t-SNE (van der Maaten & Hinton, JMLR 9 (2008) 2579-2605) says where given rows lie, not where a new
one would; openTSNE's ``transform`` finds a place for one at a few milliseconds a row and setting,
too slow for choosing plays. So a small net learns all coordinates at once from the view: parametric
t-SNE by regression. The competition's rows were embedded train and test together, without their
labels, and so are these.

A denoising autoencoder (Vincent et al., ICML 2008) is given rows of which columns are hidden.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets.numpy_views import mapped
from study.numerai.extra import need
from study.numerai.maps import (
    Floats,
    Ints,
    Learning,
    Map,
    Scale,
    Tell,
    begun,
    explained,
    folded,
    held_out,
    learn,
    us_per_position,
)


class Tsne(NamedTuple):
    """A setting of t-SNE: dimensions of the map, and perplexity, about how many are neighbours."""

    dims: int
    perplexity: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its coordinates."""
        return tuple(f"t-SNE {self.dims}-D {self.perplexity:g} {axis}"
                     for axis in "xyz"[:self.dims])


SIX = (Tsne(2, 5), Tsne(2, 10), Tsne(2, 15), Tsne(2, 30), Tsne(2, 50), Tsne(3, 30))
"""The settings of the competition's pipeline."""


class Work(NamedTuple):
    """How much is done for a map of t-SNE.

    ``rows`` that are embedded, ``judged`` rows of other games; ``early`` and ``late`` iterations
    of t-SNE, ``placing`` of its transform; ``hidden`` units of the net and how it learns.
    """

    rows: int = 5000
    judged: int = 600
    early: int = 250
    late: int = 500
    placing: int = 250
    hidden: tuple[int, ...] = (128, 64)
    # A few thousand rows are learned by heart unless columns are hidden and weights decay.
    learning: Learning = Learning(3000, decay=1.0, noise=0.1)


FULL = Work()
QUICK = Work(rows=300, judged=60, early=50, late=50, placing=30, hidden=(64, 32),
             learning=Learning(400, decay=1.0, noise=0.1))
LEARNING = Learning(6000)
"""How autoencoders learn."""

QUICK_LEARNING = Learning(1000)

_HELD_OUT = 0.1
_SAID_EVERY = 10


def tsne(z: Floats, setting: Tsne, *, early: int, late: int, seed: int, tell: Tell) -> Any:
    """Return openTSNE's embedding of views float32[N, Z], an array [N, dims] that can transform.

    Args:
        z: no row twice, more rows than three times the perplexity.
        setting: dimensions and perplexity.
        early: iterations of early exaggeration.
        late: the others.
        seed: of neighbours and start.
        tell: called with the share done; what it raises ends the work.

    Raises:
        ConfigError: too few rows; AgentError: openTSNE is not installed.
    """
    least = int(3 * setting.perplexity) + 2
    if len(z) < least:
        raise ConfigError(f"t-SNE at a perplexity of {setting.perplexity:g} needs {least} rows, "
                          f"not {len(z)}")
    done = 0

    def heard(iteration: int, error: float, embedding: Any) -> None:
        nonlocal done
        done += _SAID_EVERY
        tell(min(1.0, done / (early + late)))

    # Barnes-Hut: for fewer than 10,000 rows faster than interpolation, and the one that knows 3-D.
    return need("openTSNE").TSNE(
        n_components=setting.dims, perplexity=setting.perplexity, early_exaggeration_iter=early,
        n_iter=late, negative_gradient_method="bh", n_jobs=1, random_state=seed,
        callbacks=heard, callbacks_every_iters=_SAID_EVERY).fit(z)


def _rows(z: Floats, most: int, seed: int) -> npt.NDArray[np.int64]:
    """Return places of rows at random, none of which is like another."""
    order = np.random.default_rng([seed, 4, most]).permutation(len(z))
    # A few more than wanted: openings and the ends of races come up again and again.
    some = order[:4 * most]
    _, first = np.unique(z[some], axis=0, return_index=True)
    return some[np.sort(first)][:most]


def fit_tsne(
    z: Floats, game: Ints, *, work: Work = FULL, settings: Sequence[Tsne] = SIX, seed: int = 1,
    tell: Tell = lambda fraction: None,
) -> Map:
    """Return a map to the coordinates of t-SNE at several settings.

    Args:
        z: views float32[N, Z], train and test together.
        game: of each row, int64[N]: a tenth of the games is kept for judging the net.
        work: how much is done.
        settings: of t-SNE.
        seed: of everything.
        tell: called with the share done.

    The report: ``rows`` embedded and ``judged``; by column ``r2``, of the net on rows of games that
    neither t-SNE nor the net has seen, against where openTSNE's transform puts them, and
    ``r2_learned``, on the rows that it learned from; ``kl``, the divergence that t-SNE came to, by
    setting; ``speed``: ``us_map``, microseconds that the map takes for a position,
    ``ms_transform``, milliseconds that openTSNE takes for it at all settings, ``seconds`` of all.

    Raises:
        ConfigError: too few rows; AgentError: openTSNE is not installed.
    """
    begun_at, count = time.perf_counter(), len(settings)
    out = held_out(game, _HELD_OUT, seed)
    inside, outside = np.flatnonzero(~out), np.flatnonzero(out)
    learned = inside[_rows(z[inside], work.rows, seed)]
    judged = outside[_rows(z[outside], work.judged, seed)]
    targets, right, kl, placing = [], [], {}, 0.0
    for number, setting in enumerate(settings):
        embedding = tsne(
            z[learned], setting, early=work.early, late=work.late, seed=seed,
            tell=lambda share, number=number: tell(  # type: ignore[misc]
                0.9 * (number + 0.8 * share) / count))
        targets.append(np.asarray(embedding))
        placed_at = time.perf_counter()
        right.append(np.asarray(embedding.transform(z[judged], n_iter=work.placing)))
        placing += time.perf_counter() - placed_at
        kl[f"{setting.dims}-D {setting.perplexity:g}"] = float(embedding.kl_divergence)
    coordinates, places = np.concatenate(targets, 1), np.concatenate(right, 1)
    mean, deviation = coordinates.mean(0), coordinates.std(0)
    wanted, sought = (((a - mean) / deviation).astype(np.float32) for a in (coordinates, places))
    scale = Scale.of(z[learned])
    x = scale(z[learned])
    net, = learn([begun(z.shape[1], work.hidden, len(mean), seed)], x, wanted, work.learning, seed,
                 lambda share: tell(0.9 + 0.1 * share))
    columns = tuple(name for setting in settings for name in setting.columns)
    params = folded(net, scale, x)
    by_column = {"r2": explained(mapped(net, scale(z[judged])), sought),
                 "r2_learned": explained(mapped(net, x), wanted)}
    report: dict[str, Any] = {"rows": len(learned), "judged": len(judged), "kl": kl}
    report |= {name: dict(zip(columns, map(float, found), strict=True))
               for name, found in by_column.items()}
    report["speed"] = {"us_map": us_per_position(params, z.shape[1]),
                       "ms_transform": round(1e3 * placing / len(judged), 3),
                       "seconds": round(time.perf_counter() - begun_at, 1)}
    return Map("t-SNE", columns, params, report)


def fit_autoencoder(
    z: Floats, game: Ints, *, noise: float = 0.0, code: int = 12, hidden: int = 128,
    learning: Learning = LEARNING, most: int = 100_000, seed: int = 1,
    tell: Tell = lambda fraction: None,
) -> Map:
    """Return a map to the codes of an autoencoder: one hidden layer on either side of the code.

    Args:
        z: views float32[N, Z], train and test together.
        game: of each row, int64[N]: a tenth of the games is kept for judging.
        noise: the share of columns that are hidden while it learns; above 0 it learns to denoise.
        code: units of the code, linear.
        hidden: units of either hidden layer, rectified.
        learning: how it learns; its own noise is not looked at.
        most: rows at most that it learns from, and that it is judged by.
        seed: of everything.
        tell: called with the share done.

    The report: ``rows`` learned from and ``judged``; of the judged ones ``explained``, the share of
    the views' variance that it gives back, and ``pca``, what as many principal components do; with
    noise also ``restored`` and ``pca_restored``, of the columns that were hidden alone; ``speed``
    as that of :func:`fit_tsne`.

    Raises:
        ConfigError: noise or code makes no sense.
    """
    if not 0 <= noise < 1:
        raise ConfigError(f"noise must be a share from 0 to below 1, not {noise}")
    if not 1 <= code <= z.shape[1]:
        raise ConfigError(f"a code must have 1 to {z.shape[1]} units, not {code}")
    begun_at = time.perf_counter()
    out = held_out(game, _HELD_OUT, seed)
    rng = np.random.default_rng([seed, 5])
    learned, judged = (rng.permutation(np.flatnonzero(part))[:most] for part in (~out, out))
    scale = Scale.of(z[learned])
    x, unseen = scale(z[learned]), scale(z[judged])
    columns = z.shape[1]
    nets = learn([begun(columns, (hidden,), code, seed), begun(code, (hidden,), columns, seed)],
                 x, x, learning._replace(noise=noise), seed, tell)
    params = folded(nets[0], scale, x)
    report: dict[str, Any] = {"rows": len(learned), "judged": len(judged), "noise": noise}
    report |= _given_back(nets, _principal(x, code), unseen, noise, rng)
    report["speed"] = {"us_map": us_per_position(params, columns),
                       "seconds": round(time.perf_counter() - begun_at, 1)}
    name = "denoising autoencoder" if noise else "autoencoder"
    return Map(name, tuple(f"{name} {i + 1}" for i in range(code)), params, report)


def _principal(x: Floats, count: int) -> Floats:
    """Return the first principal components float32[Z, count] of centred rows."""
    _, vectors = np.linalg.eigh(x.T.astype(np.float64) @ x)
    return vectors[:, -count:].astype(np.float32)


def _given_back(
    nets: Sequence[Any], components: Floats, x: Floats, noise: float, rng: np.random.Generator
) -> dict[str, float]:
    """Return how much of centred rows the nets and the components give back."""
    def net(rows: Floats) -> Floats:
        made: Floats = mapped(nets[1], mapped(nets[0], rows))
        return made

    def pca(rows: Floats) -> Floats:
        return np.asarray(rows @ components @ components.T, np.float32)

    def share(made: Floats, where: npt.NDArray[np.bool_]) -> float:
        lost = (made - x)[where].astype(np.float64)
        return float(1 - (lost**2).sum() / (x[where].astype(np.float64) ** 2).sum())

    everywhere = np.ones(x.shape, bool)
    found = {"explained": share(net(x), everywhere), "pca": share(pca(x), everywhere)}
    if noise:
        hidden = rng.random(x.shape) < noise
        seen = np.where(hidden, np.float32(0), x)
        found |= {"restored": share(net(seen), hidden), "pca_restored": share(pca(seen), hidden)}
    return found
