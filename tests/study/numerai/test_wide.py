"""Fitting a wide layer of random units: what is learned, what is not, and when it ends."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets import numpy_wide
from study.numerai import wide
from study.numerai.scores import log_losses
from study.numerai.wide import fit

SMALL = {"units": 64, "dropout": 0.2, "rate": 1e-2, "epochs": 12}


def drawn(games=150, seed=1):
    """Return columns, classes by a product of two of them, and games of four rows each."""
    rng = np.random.default_rng(seed)
    z = rng.random((4 * games, 3), np.float32)
    z[:, 2] = 0.5
    y = np.where((z[:, 0] - 0.5) * (z[:, 1] - 0.5) > 0, 3, 2)
    return z, y, np.repeat(np.arange(games), 4)


@pytest.fixture(scope="module")
def found():
    return fit(*drawn(), **SMALL)


def test_what_no_linear_model_can_tell_is_learned(found):
    z, y, _ = drawn(seed=2)
    # Knowing nothing costs log 2.
    assert log_losses(found.log_probs(z), y).mean() < 0.5 < np.log(2)


def test_parameters_have_the_shapes_of_the_kind(found):
    assert found.kind == "wide" and found.settings == {"units": 64}
    expected = numpy_wide.shapes(3, found.settings)
    parts = {f"{a}/{b}": part for a, rest in found.params.items() for b, part in rest.items()}
    assert {path: part.shape for path, part in parts.items()} == expected
    assert all(part.dtype == np.float32 and np.isfinite(part).all() for part in parts.values())


def test_random_units_are_not_trained(found):
    longer = fit(*drawn(), **{**SMALL, "epochs": 1})
    for name in ("kernel", "bias"):
        assert (found.params["random"][name] == longer.params["random"][name]).all()
    assert (found.params["outcome"]["kernel"] != longer.params["outcome"]["kernel"]).any()


def test_units_vary_alike_and_each_speaks_for_some_rows(found):
    z = drawn()[0]
    fixed = found.params["random"]
    sums = z @ fixed["kernel"] + fixed["bias"]
    assert 0.6 < np.median(sums.std(0)) < 1.6
    assert ((sums > 0).any(0) & (sums < 0).any(0)).mean() > 0.9
    # A column that is always the same says nothing.
    assert not fixed["kernel"][2].any()


def test_the_best_round_of_the_games_held_out_is_kept():
    z, y, game = drawn(40)
    # Results that nothing foretells: the longer it learns, the worse it gets.
    y = np.random.default_rng(5).integers(2, 4, len(y))
    found = fit(z, y, game, units=256, dropout=0.0, rate=3e-2, epochs=12)
    losses = found.report["loss"]
    assert found.report["stopped"] and len(losses) < 12
    assert found.report["best"] == int(np.argmin(losses)) == len(losses) - 4
    out = wide._held_out(game, np.random.default_rng([1, len(z)]))
    assert len(np.unique(game[out])) == 4 and not set(game[out]) & set(game[~out])
    assert log_losses(found.log_probs(z[out]), y[out]).mean() == pytest.approx(min(losses))


def test_same_seed_same_model_and_others_differ(found):
    for seed, same in ((1, True), (2, False)):
        again = fit(*drawn(), **SMALL, seed=seed)
        assert (again.report == found.report) == same
        assert (again.params["outcome"]["kernel"]
                == found.params["outcome"]["kernel"]).all() == same


def test_dropout_leaves_sums_as_large_on_average():
    z, y, game = drawn()
    kept = fit(z, y, game, **{**SMALL, "dropout": 0.0})
    dropped = fit(z, y, game, **{**SMALL, "dropout": 0.9})
    losses = [log_losses(one.log_probs(z), y).mean() for one in (kept, dropped)]
    assert losses[0] < losses[1] < np.log(2)


def test_progress_goes_from_0_to_1_and_who_is_told_may_stop_it():
    told = []
    fit(*drawn(30), **SMALL, tell=told.append)
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)

    def stop(fraction):
        if fraction:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(*drawn(30), **SMALL, tell=stop)


@pytest.mark.parametrize(("given", "said"), [
    ({"units": 0}, "there must be one unit at least, not 0"),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
    ({"rate": 0.0}, "the rate must be above 0, not 0.0"),
    ({"epochs": 0}, "there must be one round at least, not 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        fit(*drawn(10), **given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_one_game_is_not_enough():
    z, y, game = drawn(10)
    with pytest.raises(ConfigError, match="two games at least"):
        fit(z, y, np.zeros_like(game))
