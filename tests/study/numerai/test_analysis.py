"""What is said of the positions of a data set without a model, on some that are known."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.pictures import save_png
from agent.players.random_play import RandomAgent
from study import game_corpus
from study.numerai import analysis, analysis_picture, views
from study.numerai.analysis import Sample, Settings, analyse, correlations, distributions, pca
from study.numerai.phases import FACTS, PHASES, facts, phases

SMALL = Settings(pca_rows=300, tsne_rows=150, shown=50, perplexity=10, early=20, late=40,
                 neighbours=5)


@pytest.fixture(scope="module")
def sample():
    turns = game_corpus.play(RandomAgent(), 12, 1, lambda done, total: None)
    boards = turns.boards
    points = np.where(np.arange(len(boards)) % 2, 1, -2).astype(np.int8)
    source = turns.game % 3
    # Every fourth column is enough, and has far fewer products.
    z = views.fit("counts", boards).of(boards)[:, ::4]
    return Sample(boards, points, source, source == 2, z, ("one", "two", "three"))


@pytest.fixture(scope="module")
def found(sample):
    told = []
    return {**analyse(sample, SMALL, told.append), "told": told}


def test_violins_are_densities_around_the_quartiles(sample, found):
    mine = facts(sample.boards)[:, 0]
    for k, fact in enumerate(FACTS):
        for i, name in enumerate(sample.sources):
            of_source = found["distributions"][fact][name]
            at, density = np.array(of_source["at"]), np.array(of_source["density"])
            values = mine[sample.source == i, k]
            assert of_source["quartiles"] == np.quantile(values, [0.25, 0.5, 0.75]).tolist()
            assert of_source["test"] == (i == 2)
            # A little of it lies beyond the grid.
            assert 0.9 < (density.sum() * (at[1] - at[0])) < 1.02
            assert (density * at).sum() / density.sum() == pytest.approx(values.mean(), abs=4)


def test_a_source_without_positions_has_no_violin():
    found = distributions(np.ones((3, len(FACTS)), "f4"), np.zeros(3, int), np.zeros(3, bool),
                          ("some", "none"))
    assert all(set(by_source) == {"some"} for by_source in found.values())


def test_correlations_are_those_of_numpy_and_nothing_with_what_never_changes():
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(200, 2, len(FACTS))).astype("f4")
    seen[:, 1, 3] = 2
    points = rng.integers(-3, 4, 200).astype(np.int8)
    found = correlations(seen, points)
    matrix, names = np.array(found["matrix"]), found["names"]
    still = names.index("their home points")
    assert len(names) == 2 * len(FACTS) + 1 and names[-1] == "result"
    assert (matrix[still] == 0).all() and (matrix[:, still] == 0).all()
    kept = np.delete(np.arange(len(names)), still)
    columns = np.column_stack([seen.reshape(200, -1), points])[:, kept]
    np.testing.assert_allclose(matrix[np.ix_(kept, kept)], np.corrcoef(columns.T), atol=1e-3)


def test_shares_of_phases_are_those_of_each_source(sample, found):
    kinds = phases(sample.boards)
    for i, name in enumerate(sample.sources):
        shares = found["phases"][name]
        assert list(shares) == list(PHASES) and sum(shares.values()) == pytest.approx(1)
        mine = kinds[sample.source == i]
        assert shares["race"] == pytest.approx((mine == PHASES.index("race")).mean())


def test_components_explain_what_those_of_a_library_do(sample, found):
    from sklearn.decomposition import PCA
    rng = np.random.default_rng(1)
    z = rng.normal(size=(80, 4)).astype("f4") * [3, 2, 1, 0.1]
    phase = (z[:, 0] > 0).astype(np.int64)
    mine = pca(z.astype("f4"), phase, 10)
    np.testing.assert_allclose(
        mine["plain"]["explained"], PCA().fit(z).explained_variance_ratio_, atol=1e-5)
    assert mine["plain"]["columns"] == 4 and mine["polynomial"]["columns"] == 4 + 10
    assert len(mine["plain"]["dots"]) == len(mine["plain"]["phase"]) == 10
    assert 0.3 < mine["plain"]["phases"] < 1
    assert found["pca"]["polynomial"]["columns"] == 13 + 13 * 14 // 2


def test_a_view_with_too_many_columns_for_products_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="a view of 196 columns has too many products"):
        pca(np.zeros((3, 196), "f4"), np.zeros(3, np.int64), 3)


def test_clusters_are_numbered_by_size_and_told_with_their_phase(found):
    part = found["tsne"]
    label, kinds = np.array(part["cluster"]), np.array(part["phase"])
    assert len(part["dots"]) == len(label) == len(kinds) == SMALL.tsne_rows
    assert len(part["clusters"]) == label.max() + 1 >= 2
    sizes = [cluster["rows"] for cluster in part["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == (label >= 0).sum() == round(part["clustered"] * len(label))
    right = 0
    for number, cluster in enumerate(part["clusters"]):
        counts = np.bincount(kinds[label == number], minlength=len(PHASES))
        assert counts[PHASES.index(cluster["phase"])] == counts.max()
        assert cluster["share"] == pytest.approx(counts.max() / counts.sum())
        right += counts.max()
    assert part["purity"] == pytest.approx(right / sum(sizes))
    assert 0 < part["most"] <= part["purity"] <= 1 and -0.1 < part["ami"] <= 1


def test_the_work_is_told_to_its_end(found):
    assert found["told"] == sorted(found["told"]) and found["told"][-1] == pytest.approx(1)


def test_same_seed_same_analysis(sample, found):
    again = analyse(sample, SMALL)
    assert {**again, "told": found["told"]} == found


def test_each_part_has_a_picture(found, tmp_path):
    drawn = analysis_picture.pictures(found)
    assert set(drawn) == {"distributions", "correlations", "pca", "tsne"}
    for name in ("correlations", "pca", "tsne"):
        drawn[name].draw_without_rendering()
    save_png(drawn["distributions"], tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 10_000
    assert "perplexity 10" in drawn["tsne"].get_suptitle()


def test_a_picture_without_any_cluster_can_be_drawn(found):
    part = {**found["tsne"], "cluster": [-1] * SMALL.tsne_rows, "clusters": [], "clustered": 0.0}
    for name in ("ami", "purity", "most"):
        del part[name]
    figure = analysis_picture.DRAWN["tsne"]({**found, "tsne": part})
    assert "mutual" not in figure.get_suptitle()
    figure.draw_without_rendering()


@pytest.mark.parametrize(("given", "said"), [
    ({"rows": 0}, "rows, dots, neighbours and perplexity must be at least 1"),
    ({"dense": 1.0}, "dense must be above 0 and below 1, not 1.0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_quick_settings_are_settings():
    assert analysis.QUICK.tsne_rows < Settings().tsne_rows
