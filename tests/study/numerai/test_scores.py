"""Log loss and its standard error by game."""

from __future__ import annotations

import numpy as np

from study.numerai.scores import log_losses, mean_se


def test_the_log_loss_is_that_of_what_came():
    probabilities = np.array([[0.1, 0.2, 0.3, 0.2, 0.1, 0.1], [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]])
    np.testing.assert_allclose(log_losses(np.log(probabilities), np.array([2, 0])),
                               -np.log([0.3, 0.5]))


def test_more_positions_of_the_same_games_tell_nothing_more():
    rng = np.random.default_rng(1)
    values, game = rng.normal(size=200), np.arange(200)
    alone = mean_se(values, game)
    np.testing.assert_allclose(alone.se, values.std(ddof=1) / np.sqrt(200))
    np.testing.assert_allclose(mean_se(np.repeat(values, 5), np.repeat(game, 5)), alone)


def test_the_error_is_right_for_games_of_different_lengths():
    rng = np.random.default_rng(2)
    means, errors = [], []
    for _ in range(400):
        length = rng.integers(1, 9, 150)
        game = np.repeat(np.arange(150), length)
        values = np.repeat(rng.normal(size=150), length) + rng.normal(size=len(game))
        found = mean_se(values, game)
        means.append(found.mean)
        errors.append(found.se)
    assert 0.9 < np.std(means) / np.mean(errors) < 1.1
