"""Maps to embeddings: what is folded into them, what they learn, and what they tell."""

from __future__ import annotations

import json

import jax.numpy as jnp
import numpy as np
import pytest

from agent.checkpoint import flatten
from agent.errors import ConfigError
from agent.nets.numpy_views import map_shapes, mapped
from study.numerai import embedding, embedding_picture, maps
from study.numerai.embedding import SIX, Tsne, Work, fit_autoencoder, fit_tsne, tsne
from study.numerai.maps import Learning, Scale, begun, explained, folded, held_out

TINY = Work(rows=200, judged=30, early=40, late=60, placing=20, hidden=(32, 16),
            learning=Learning(500, batch=64))
TWO = (Tsne(2, 5), Tsne(3, 8))


def groups(games: int = 60, seed: int = 1):
    """Return rows of games of three kinds, far apart, each with two numbers of its own."""
    rng = np.random.default_rng(seed)
    game = np.repeat(np.arange(games), 8)
    kind = rng.integers(3, size=len(game))
    turn = rng.normal(size=(5, 10))
    inner = np.concatenate([3 * np.eye(3)[kind], rng.normal(0, 0.3, (len(game), 2))], axis=1)
    return (inner @ turn).astype("f4"), game, kind


def test_six_settings_have_thirteen_columns_with_names_of_their_own():
    names = [name for setting in SIX for name in setting.columns]
    assert len(names) == len(set(names)) == 13
    assert [(s.dims, s.perplexity) for s in SIX] == [
        (2, 5), (2, 10), (2, 15), (2, 30), (2, 50), (3, 30)]


def test_a_folded_net_takes_views_as_they_are_and_says_0_to_1():
    z, _, _ = groups()
    z = 5 + 0.1 * z
    scale = Scale.of(z)
    x = scale(z)
    assert np.abs(x.mean(0)).max() < 1e-4 and x.var(0).mean() == pytest.approx(1, rel=1e-4)
    net = begun(10, (16, 8), 3, seed=1)
    before = mapped(net, x)
    layers = folded(net, scale, x)
    after = mapped(layers, z)
    np.testing.assert_allclose(after.min(0), 0, atol=1e-3)
    np.testing.assert_allclose(after.max(0), 1, atol=1e-3)
    whole = (before - before.min(0)) / np.ptp(before, axis=0)
    np.testing.assert_allclose(after, whole, atol=1e-3)
    # What was folded is a copy.
    assert (mapped(net, x) == before).all()


def test_scaling_keeps_distances_and_bears_columns_that_never_change():
    z, _, _ = groups()
    z[:, 0] = 4
    scale = Scale.of(z)
    apart = np.linalg.norm(z[:50] - z[50:100], axis=1)
    np.testing.assert_allclose(np.linalg.norm(scale(z[:50]) - scale(z[50:100]), axis=1),
                               apart / scale.deviation, rtol=1e-4)
    assert np.isfinite(Scale.of(np.ones((3, 2), "f4"))(np.ones((3, 2), "f4"))).all()


def test_held_out_rows_are_of_whole_games():
    game = np.repeat(np.arange(40), 3)
    out = held_out(game, 0.1, seed=1)
    assert out.sum() == 12 and len(np.unique(game[out])) == 4
    assert held_out(np.zeros(5, np.int64), 0.1, seed=1).all()


def test_what_is_explained_is_one_less_the_error_by_the_variance():
    right = np.array([[1, 5], [2, 5], [3, 5]], "f4")
    made = np.array([[1, 4], [2, 5], [4, 6]], "f4")
    found = explained(made, right)
    # An error of 1 where the squares about the mean add to 2; a column that never changes has none.
    assert found[0] == pytest.approx(0.5) and np.isnan(found[1])


@pytest.fixture(scope="module")
def learned():
    z, game, kind = groups()
    told = []
    return fit_tsne(z, game, work=TINY, settings=TWO, seed=1, tell=told.append), z, kind, told


def test_a_map_gives_the_coordinates_of_all_settings_at_once(learned):
    found, z, _, told = learned
    made = found.of(z)
    assert found.columns == tuple(name for setting in TWO for name in setting.columns)
    assert made.shape == (len(z), 5) and made.dtype == np.float32
    assert made.min() > -0.5 and made.max() < 1.5
    assert {path: a.shape for path, a in flatten(found.params).items()} == map_shapes(
        10, TINY.hidden, 5)
    assert all(a.dtype == np.float32 for a in flatten(found.params).values())
    assert told == sorted(told) and told[-1] == pytest.approx(1)


def test_a_map_keeps_apart_what_is_apart(learned):
    found, z, kind, _ = learned
    made = found.of(z)[:, :2]
    centres = np.array([made[kind == k].mean(0) for k in range(3)])
    nearest = np.linalg.norm(made[:, None] - centres, axis=-1).argmin(-1)
    assert (nearest == kind).mean() > 0.95


def test_a_map_tells_what_it_is_worth_on_games_it_has_not_seen(learned):
    found, _, _, _ = learned
    report = found.report
    assert report["rows"] == 200 and report["judged"] == 30
    assert set(report["r2"]) == set(report["r2_learned"]) == set(found.columns)
    assert np.mean(list(report["r2"].values())) > 0.7
    assert set(report["kl"]) == {"2-D 5", "3-D 8"} and min(report["kl"].values()) > 0
    assert report["speed"]["us_map"] > 0 and report["speed"]["ms_transform"] > 0
    json.dumps(report)


def test_the_picture_shows_maps_and_codes_with_their_figures(learned):
    found, _, _, _ = learned
    codes = {"explained": 0.8, "pca": 0.6, "noise": 0.2, "restored": 0.4, "pca_restored": 0.1}
    figure = embedding_picture.picture({found.name: found.report, "denoising": codes})
    placed, coded = figure.axes
    assert "200 rows learned from, 30 of other games" in placed.get_title()
    assert [label.get_text() for label in placed.get_yticklabels()] == list(found.columns)
    assert [label.get_text() for label in coded.get_yticklabels()] == [
        "denoising:\nall columns", "denoising:\nthe 20 % hidden"]
    assert [bar.get_width() for bar in coded.patches] == [0.8, 0.4, 0.6, 0.1]
    figure.draw_without_rendering()


def test_numpy_and_jax_say_the_same(learned):
    found, z, _, _ = learned
    np.testing.assert_allclose(found.of(z), np.asarray(mapped(found.params, jnp.asarray(z), jnp)),
                               atol=1e-4)
    assert found.of(z[:0]).shape == (0, 5)


def test_same_seed_same_map(learned):
    found, z, _, _ = learned
    _, game, _ = groups()
    again = fit_tsne(z, game, work=TINY, settings=TWO, seed=1)
    assert (again.of(z) == found.of(z)).all()
    assert {**again.report, "speed": 0} == {**found.report, "speed": 0}


def test_no_row_is_embedded_twice():
    z, _, _ = groups()
    twice = np.concatenate([z, z])
    at = embedding._rows(twice, 300, seed=1)
    assert len(np.unique(twice[at], axis=0)) == len(at) == 300


def test_whoever_is_told_may_stop_the_work():
    z, _, _ = groups()

    class Stopped(Exception):
        pass

    def stop(share: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        tsne(z[:100], Tsne(2, 5), early=20, late=20, seed=1, tell=stop)


def test_too_few_rows_for_a_perplexity_are_refused_in_one_line():
    with pytest.raises(ConfigError, match="perplexity of 30 needs 92 rows, not 91"):
        tsne(np.zeros((91, 3), "f4"), Tsne(2, 30), early=1, late=1, seed=1, tell=lambda share: None)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_an_autoencoder_gives_back_rows_of_games_it_has_not_seen(noise):
    z, game, _ = groups()
    found = fit_autoencoder(z, game, noise=noise, code=4, hidden=32,
                            learning=Learning(400, batch=64), seed=1)
    report = found.report
    # Kinds lie on a plane, two numbers beside them: four units hold all there is.
    assert report["explained"] > (0.9 if noise == 0 else 0.8)
    assert report["pca"] > 0.99
    assert ("restored" in report) == (noise > 0)
    if noise:
        assert report["restored"] > 0.5
    assert found.of(z).shape == (len(z), 4) == (len(z), len(found.columns))
    made = found.of(z)
    assert made.min() > -0.5 and made.max() < 1.5
    assert set(found.params) == {"hidden0", "out"}
    assert found.name == ("denoising autoencoder" if noise else "autoencoder")
    json.dumps(report)


@pytest.mark.parametrize(("given", "said"), [
    ({"noise": 1.0}, "noise must be a share from 0 to below 1, not 1.0"),
    ({"code": 11}, "a code must have 1 to 10 units, not 11"),
])
def test_autoencoders_that_make_no_sense_are_refused_in_one_line(given, said):
    z, game, _ = groups()
    with pytest.raises(ConfigError) as refusal:
        fit_autoencoder(z, game, **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_quick_work_is_less():
    assert embedding.QUICK.rows < Work().rows
    assert maps.Learning(10).noise == 0
