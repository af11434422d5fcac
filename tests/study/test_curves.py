"""Curves drawn from an initial state: what they are, and that the state steers them."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from study import curves
from study.curves import KINDS, TEST, TRAIN, Settings, curve, periods_of, run, runs

# As the settings of --quick, but less: enough to tell curves apart.
SMALL = Settings(seeds=1, epochs=8, steps=40, points=16, width=24, rate=5e-3, copies=2)


@pytest.mark.parametrize("periods", [*TRAIN, *TEST])
def test_a_curve_swings_as_often_as_it_is_told_below_a_line_to_zero(periods):
    found = curve(np.float32(periods), 20_001)
    line = np.linspace(1, 0, 20_001)
    assert found[0] == 1 and found[-1] == 0
    assert (found >= 0).all() and (found <= line + 1e-6).all()
    # It touches zero in the middle of each period.
    near = found[:-1] < 1e-6
    assert (np.diff(near.astype(int)) == 1).sum() == int(periods + 0.5)
    assert periods_of(found) == pytest.approx(periods, abs=0.01)


def test_the_nearest_curve_says_how_many_periods_there_are():
    rng = np.random.default_rng(1)
    made = curve(np.array([1.0, 2.5, 4.0], "f4"), 40)
    noisy = made + rng.normal(0, 0.05, made.shape)
    np.testing.assert_allclose(periods_of(noisy), [1.0, 2.5, 4.0], atol=0.1)


def test_nets_are_tested_with_periods_between_those_that_they_learn_from():
    assert not set(TEST) & set(TRAIN) and min(TRAIN) < min(TEST) < max(TEST) < max(TRAIN)


@pytest.fixture(scope="module")
def trained():
    told = []
    return {kind: run(SMALL, {"initial": kind, "seed": 1},
                      lambda epoch, words: told.append(epoch), lambda: False)
            for kind in KINDS} | {"told": told}


def test_every_epoch_is_told_and_nets_learn(trained):
    assert trained["told"] == [*range(1, SMALL.epochs + 1)] * len(KINDS)
    for kind in KINDS:
        loss = trained[kind]["loss"]
        assert len(loss) == SMALL.epochs and loss[-1] < loss[0] / 3


def test_without_a_state_that_tells_it_a_net_draws_one_curve_whatever_is_asked_for(trained):
    for name in ("train", "test"):
        drawn = np.array(trained["zero"][name]["curves"])
        assert (drawn == drawn[0]).all() and (drawn[:, 0] == 1).all()


@pytest.mark.parametrize("kind", ["learned", "distribution"])
def test_a_state_that_is_learned_steers_what_is_drawn(trained, kind):
    found, zero = trained[kind], trained["zero"]
    drawn = np.array(found["train"]["curves"])
    assert np.ptp(drawn, axis=0).max() > 0.3
    assert np.mean(found["train"]["rms"]) < np.mean(zero["train"]["rms"])


def test_what_is_told_of_a_curve_is_measured_on_it(trained):
    part = trained["learned"]["test"]
    drawn, right = np.array(part["curves"]), curve(np.array(TEST), SMALL.points)
    assert part["asked"] == list(TEST)
    np.testing.assert_allclose(part["rms"], np.sqrt(((drawn - right) ** 2).mean(1)), atol=1e-3)
    np.testing.assert_allclose(part["found"], periods_of(drawn), atol=0.05)


def test_curves_of_a_distribution_are_drawn_each_from_a_state_of_its_own(trained):
    drawn = np.array(trained["distribution"]["drawn"])
    assert drawn.shape[0] == len(TRAIN) + len(TEST) and drawn.shape[2] == SMALL.points
    assert (np.ptp(drawn[:, :, -1], axis=1) > 1e-4).all()
    assert "drawn" not in trained["learned"]


def test_the_context_costs_what_its_dense_layers_do(trained):
    sizes = {kind: trained[kind]["parameters"] for kind in KINDS}
    # Two states, the cell and the output; kernel and bias, then a deviation too.
    assert sizes["learned"] - sizes["zero"] == 2 * 2 * SMALL.width
    assert sizes["distribution"] - sizes["learned"] == 2 * SMALL.width


def test_a_net_that_is_stopped_tells_nothing():
    assert run(SMALL, {"initial": "zero", "seed": 1}, lambda epoch, words: None,
               lambda: True) is None


def test_every_kind_of_every_seed_is_trained():
    found = [tuple(which.values()) for which in runs(Settings(seeds=2, seed=4))]
    assert found == [(kind, seed) for seed in (4, 5) for kind in KINDS]
    assert curves.work(Settings(), {}) == 65


@pytest.mark.parametrize(("given", "said"), [
    ({"kinds": ("free",)}, "kinds must be some of zero, learned, distribution"),
    ({"seeds": 0}, "seeds must be 1 to 1000, not 0"),
    ({"points": 2}, "epochs, steps, width and copies must be at least 1, points 3"),
    ({"epochs": 0}, "epochs, steps, width and copies must be at least 1, points 3"),
    ({"deviation": 0.0}, "rate, clip and deviation must be above 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
