"""Adversarial validation: forests out of fold, whole games, and what it says of the test part."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets.numpy_classes import N_CLASSES
from study.numerai import adversarial, adversarial_picture
from study.numerai.adversarial import (
    Settings,
    any_games,
    auc_se,
    compare,
    folds_of,
    likeness,
    most_alike,
)
from study.numerai.quick_models import logistic, trees

SMALL = Settings(trees=10, at_once=400, seeds=2)


def shifted(games: int = 300, seed: int = 1):
    """Return rows of games: a fifth of the test part, a fifth of the train games much like it.

    Of the others the result is what the first column says, of these it is not.
    """
    rng = np.random.default_rng(seed)
    game = np.repeat(np.arange(games), 6)
    source = np.where(game % 5 == 0, 2, np.where(game % 5 == 1, 1, 0))
    z = rng.normal(0.5, 0.1, (len(game), 5)).astype("f4")
    z[:, 1] += np.where(source == 0, 0, 0.25)
    # A fact of the game that has nothing to do with the part: a forest could know games by it.
    z[:, 4] = rng.random(games)[game]
    y = np.where(source == 0, np.where(z[:, 0] > 0.5, 3, 2), rng.integers(1, 5, len(game)))
    return z, y.astype(np.int64), game, source == 2, source


def test_the_area_under_the_curve_is_that_of_a_library_and_ties_count_half():
    from sklearn.metrics import roc_auc_score
    rng = np.random.default_rng(1)
    positive = rng.random(500) < 0.3
    score = (rng.normal(size=500) + positive).round(1)
    area, _ = auc_se(score, positive, np.arange(500))
    assert area == pytest.approx(roc_auc_score(positive, score), abs=1e-12)


def test_the_error_of_the_area_is_that_of_drawing_games_anew():
    found, told = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        game = np.repeat(np.arange(60), 5)
        positive = game % 3 == 0
        score = np.repeat(rng.normal(size=60), 5) + 0.5 * rng.normal(size=300) + positive
        area, se = auc_se(score, positive, game)
        found.append(area)
        told.append(se)
    assert np.mean(told) == pytest.approx(np.std(found), rel=0.15)


def test_folds_take_whole_games_and_both_parts():
    _, _, game, test, _ = shifted()
    fold = folds_of(game, test, 5, seed=1)
    assert all(len(np.unique(fold[game == g])) == 1 for g in range(300))
    for part in (test, ~test):
        counts = np.bincount(fold[part], minlength=5)
        assert counts.min() > 0 and np.ptp(counts) <= 6
    assert (fold != folds_of(game, test, 5, seed=2)).any()


def test_too_few_games_for_the_folds_are_refused_in_one_line():
    game = np.arange(12)
    with pytest.raises(ConfigError, match="test has 3 games; 5 folds need 5 at least"):
        folds_of(game, game < 3, 5, seed=1)


def test_rows_like_those_of_the_test_part_are_found_by_who_has_not_seen_their_game():
    z, _, game, test, source = shifted()
    told = []
    like = likeness(z, game, test, SMALL, seed=1, tell=told.append)
    assert 0.7 < like.auc < 0.95 and 0 < like.auc_se < 0.05
    assert like.p_test[source == 1].mean() > like.p_test[source == 0].mean() + 0.1
    assert told == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_where_nothing_differs_nothing_is_found_although_games_could_be_known_by_heart():
    z, _, game, _, _ = shifted()
    # Rows of a game stand together in its column: who had seen some would know the others.
    like = likeness(z, game, (game * 7919) % 300 < 100, SMALL, seed=1)
    assert abs(like.auc - 0.5) < 3 * like.auc_se + 0.02


def test_same_seed_same_likeness():
    z, _, game, test, _ = shifted(60)
    once, again, other = (likeness(z, game, test, SMALL, seed).p_test for seed in (1, 1, 2))
    assert (once == again).all() and (once != other).any()


def test_validation_is_of_whole_games_the_most_alike_first_until_a_tenth_of_the_rows():
    rng = np.random.default_rng(1)
    game = np.repeat(np.arange(100), rng.integers(2, 9, 100))
    p_test = rng.random(len(game))
    held = most_alike(p_test, game, 0.1)
    means = np.array([p_test[game == g].mean() for g in range(100)])
    inside = np.array([held[game == g].all() for g in range(100)])
    assert (held == inside[game]).all()
    assert means[inside].min() > means[~inside].max()
    assert 0 <= held.sum() - 0.1 * len(game) < 9


def test_random_validation_is_of_whole_games_and_of_another_seed_of_others():
    game = np.repeat(np.arange(100), 4)
    one, again, other = (any_games(game, 0.1, seed) for seed in (1, 1, 2))
    assert one.sum() == 40 and (one == one[::4].repeat(4)).all()
    assert (one == again).all() and (one != other).any()


def test_something_is_always_left_to_learn_from():
    held = most_alike(np.array([0.1, 0.9]), np.array([4, 7]), 0.99)
    assert held.tolist() == [False, True]


@pytest.fixture(scope="module")
def compared():
    z, y, game, test, source = shifted()
    told = []
    found = compare(z, y, game, test, source, ["far", "near", "later"],
                    models={"logistic": logistic}, settings=SMALL, tell=told.append)
    return found, told


def test_validation_by_likeness_is_nearer_to_the_test_where_the_shift_matters(compared):
    found, _ = compared
    assert [(row["seed"], row["model"]) for row in found["rows"]] == [
        (1, "logistic"), (2, "logistic")]
    for row in found["rows"]:
        away = {kind: abs(row[kind]["validation"][0] - row[kind]["test"][0])
                for kind in ("adversarial", "random")}
        assert row["nearer"] and away["adversarial"] < away["random"]


def test_what_is_told_of_the_forests_fits(compared):
    found, told = compared
    for forest in found["forests"]:
        assert forest["auc"] > 0.7
        assert set(forest["auc_of"]) == {"far", "near"}
        assert forest["auc_of"]["far"][0] > forest["auc_of"]["near"][0]
        shares = forest["sources"]
        assert shares["adversarial"]["near"] > 0.9 > 0.5 > shares["random"]["near"]
        assert sum(shares["random"].values()) == pytest.approx(1)
    assert told == sorted(told) and told[-1] == pytest.approx(1)
    by_source = found["histogram"]["sources"]
    assert [of["test"] for of in by_source.values()] == [False, False, True]
    assert all(sum(of["share"]) == pytest.approx(1) for of in by_source.values())
    rates = found["roc"]
    assert rates["true"] == sorted(rates["true"], reverse=True)
    assert (rates["true"][0], rates["true"][-1]) == (1, 0)


def test_models_of_either_kind_are_normalised_over_classes_that_never_came():
    z, y, _, _, _ = shifted(60)
    for maker in (logistic, trees):
        log_probs = maker(z, y, 1).log_probs(z)
        assert log_probs.shape == (len(z), N_CLASSES) and np.isfinite(log_probs).all()
        np.testing.assert_allclose(np.exp(log_probs).sum(1), 1, rtol=1e-6)
        assert (log_probs[:, [0, 5]] < np.log(1e-3)).all()


def test_the_picture_shows_each_model_the_forest_and_the_sources(compared):
    found, _ = compared
    figure = adversarial_picture.picture(found)
    titles = [panel.get_title() for panel in figure.axes]
    assert titles == ["logistic", "how test-like the forest finds positions",
                      "train against test, ROC", "whose games are for validation "
                      "(colours as above)"]
    assert "says more of the test part" in figure.get_suptitle()
    figure.draw_without_rendering()


def test_the_picture_claims_nothing_that_was_not_found(compared):
    found, _ = compared
    rows = [{**row, "nearer": i > 0} for i, row in enumerate(found["rows"])]
    figure = adversarial_picture.picture({**found, "rows": rows})
    assert "more" not in figure.get_suptitle()


@pytest.mark.parametrize(("given", "said"), [
    ({"trees": 0}, "trees, at_once, leaf and seeds must be at least 1"),
    ({"folds": 1}, "folds must be at least 2, not 1"),
    ({"share": 1.0}, "share must be above 0 and below 1, not 1.0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_quick_settings_are_settings():
    assert adversarial.QUICK.trees < Settings().trees
