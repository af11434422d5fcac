"""The convolutional net: its line, its convolution by hand, what its units see, how it is asked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import outcome
from agent.checkpoint import net_shapes
from agent.errors import ConfigError
from agent.features import tesauro198
from agent.nets import conv, numpy_conv, numpy_highway, registry
from agent.nets.highway import Stack
from tests.agent.deep import (
    TESAURO,
    asked,
    assert_one_function,
    fitted_loss,
    made_shapes,
    random_params,
    settings_of,
)
from tests.engine.positions import pos
from tests.engine.weird import weird_boards


@pytest.fixture(scope="module")
def boards(positions):
    """Return positions of games and weird ones, int8[400, 2, 25]."""
    return np.concatenate([positions[0], weird_boards(np.random.default_rng(6), 100)])


# The line


def test_every_input_stands_on_the_line_those_of_points_once():
    for inputs, everywhere in ((198, 6), (224, 32)):
        line = numpy_conv.line(inputs)
        assert line.shape == (24, 8 + everywhere)
        often = np.bincount(line.ravel(), minlength=inputs)
        assert sorted(often) == [1] * 192 + [24] * everywhere
        assert (line[:, 8:] == line[0, 8:]).all()


def test_checkers_stand_on_the_points_where_they_are(boards):
    x = tesauro198(boards)[:, numpy_conv.line(198)]
    for threshold in (1, 2, 3):
        own, theirs = x[:, :, threshold - 1], x[:, :, 4 + threshold - 1]
        assert (own == (boards[:, 0, :24] >= threshold)).all()
        assert (theirs == (boards[:, 1, 23::-1] >= threshold)).all()
    # No point is both sides', so aligned sides never share one.
    assert ((x[:, :, 0] > 0) & (x[:, :, 4] > 0)).sum() == 0


def test_bar_and_off_are_the_same_everywhere():
    x = tesauro198(pos("bar:2 6:3 / 4:4"))[numpy_conv.line(198)]
    expected = [1.0, 10 / 15, 0, 11 / 15, 1, 0]
    np.testing.assert_allclose(x[:, 8:], np.tile(expected, (24, 1)), rtol=1e-6)


# The convolution


def by_hand(x, kernel, bias, dilation):
    """Return a convolution of one line [24, C] by kernel [K, C, D], point by point."""
    reach = len(kernel) // 2
    found = np.zeros((24, kernel.shape[2]))
    for point in range(24):
        found[point] = bias
        for tap in range(len(kernel)):
            at = point + (tap - reach) * dilation
            if 0 <= at < 24:
                found[point] += x[at].astype(float) @ kernel[tap].astype(float)
    return found


@pytest.mark.parametrize(("kernel", "dilations"), [
    (1, (1,)), (3, (1,)), (3, (1, 2, 4)), (5, (3, 1)), (7, (8,)), (47, (1,)),
])
@pytest.mark.parametrize("gated", [True, False])
def test_a_stack_is_its_convolutions_one_after_the_other(kernel, dilations, gated):
    layers, channels, rng = 4, 3, np.random.default_rng(1)
    shapes = numpy_highway.stack_shapes(layers, (kernel, channels, channels), gated)
    stack = {path.removeprefix("params/stack/"): rng.normal(0, 0.4, s).astype("f4")
             for path, s in shapes.items()}
    x = rng.normal(size=(2, 24, channels)).astype("f4")
    expected = []
    for line in x:
        for i in range(layers):
            dilation = dilations[i % len(dilations)]
            changed = np.tanh(by_hand(line, stack["kernel"][i], stack["bias"][i], dilation))
            gate = 1.0
            if gated:
                total = by_hand(line, stack["gate_kernel"][i], stack["gate_bias"][i], dilation)
                gate = 1 / (1 + np.exp(-total))
            line = changed * gate + line * (1 - gate)
        expected.append(line)
    settings = {"kernel": kernel, "dilation": dilations}
    by_numpy = numpy_highway.run(x, stack, "tanh", numpy_conv.looks_of(settings))
    np.testing.assert_allclose(by_numpy, expected, atol=1e-5)
    looks = numpy_conv.looks_of(settings, conv._taps)
    module = Stack(layers, (kernel, channels, channels), "tanh", gated, looks=looks)
    np.testing.assert_allclose(module.apply({"params": stack}, x), expected, atol=1e-5)


def test_the_first_convolution_by_hand(boards):
    settings = settings_of("conv", channels=4, kernel=5)
    params, x = random_params("conv", settings), tesauro198(boards[:3])
    first = params["params"]["first"]
    expected = [by_hand(line, first["kernel"], first["bias"], 1)
                for line in x[:, numpy_conv.line(198)]]
    found = numpy_conv.into_stack(params, x, settings)
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=1e-5)


def test_gates_that_are_shut_carry_the_line_unchanged(boards):
    settings = settings_of("conv", channels=4, layers=9)
    params, x = random_params("conv", settings), tesauro198(boards)
    shallow = settings_of("conv", channels=4, layers=1)
    params["params"]["stack"]["gate_bias"] -= 200
    one = {name: a[:1] for name, a in params["params"]["stack"].items()}
    only_one = {"params": {**params["params"], "stack": one}}
    assert (numpy_conv.apply(params, x, settings) == numpy_conv.apply(only_one, x, shallow)).all()


# What the units see


@pytest.mark.parametrize(("given", "expected"), [
    ({"layers": 2}, [(3, 1, 1, 1)] * 3),
    ({"layers": 4, "kernel": 5, "dilation": [1, 2, 4]},
     [(5, 1, 1, 2), (5, 1, 1, 2), (5, 1, 2, 4), (5, 1, 4, 8), (5, 1, 1, 2)]),
    ({"layers": 1, "kernel": 1}, [(1, 1, 1, 0)] * 2),
])
def test_the_convolutions_are_listed(given, expected):
    assert numpy_conv.convolutions(settings_of("conv", **given)) == expected


@pytest.mark.parametrize("given", [
    {"layers": 2}, {"layers": 3, "dilation": [1, 2]}, {"layers": 2, "kernel": 5, "gated": False},
    {"layers": 1, "kernel": 1},
])
def test_a_unit_sees_as_far_as_the_listed_convolutions_reach(given):
    settings = settings_of("conv", channels=3, activation="tanh", **given)
    params = random_params("conv", settings)
    reach = sum(padding for *_, padding in numpy_conv.convolutions(settings))
    looks = numpy_conv.looks_of(settings)

    def line(x):
        before = numpy_conv.into_stack(params, x, settings)
        return numpy_highway.run(before, params["params"]["stack"], "tanh", looks)

    empty, point = np.zeros((1, 198), np.float32), 11
    touched = empty.copy()
    touched[0, numpy_conv.line(198)[point, 0]] = 1
    seen_by = np.flatnonzero((line(touched) != line(empty)).any(axis=(0, 2)))
    assert seen_by.tolist() == list(range(max(0, point - reach), min(24, point + reach + 1)))


# As it is made


def test_a_new_net_carries_as_its_bias_says():
    net = registry.build("conv", {"layers": 10, "channels": 32, "carry_bias": -2})
    stack = jax.jit(net.init)(jax.random.key(1), jnp.zeros((1, 198)))["params"]["stack"]
    assert (stack["gate_bias"] == -2).all() and (stack["bias"] == 0).all()
    spread = np.asarray(stack["kernel"]).std(axis=(1, 2, 3))
    np.testing.assert_allclose(spread, np.sqrt(2 / (3 * 32)), rtol=0.1)


FLAT = 14 * 3 * 16 + 16 + (24 * 16 + 1) * 64 + 65 * 5


@pytest.mark.parametrize(("given", "weights"), [
    ({}, FLAT + 5 * 2 * (3 * 16 + 1) * 16),
    ({"gated": False}, FLAT + 5 * (3 * 16 + 1) * 16),
    ({"dilation": [1, 2]}, FLAT + 5 * 2 * (3 * 16 + 1) * 16),
    ({"head": "mean"}, FLAT - 23 * 16 * 64 + 5 * 2 * (3 * 16 + 1) * 16),
])
def test_a_net_has_the_parameters_its_settings_say(given, weights):
    settings = settings_of("conv", **given)
    found = made_shapes("conv", settings)
    assert found == net_shapes("conv", settings, TESAURO)
    assert sum(np.prod(shape) for shape in found.values()) == weights


@pytest.mark.parametrize("given", [{}, {"gated": False, "layers": 2}])
def test_a_net_learns_a_handful_of_positions(boards, given):
    targets = outcome.of_points(np.random.default_rng(1).choice([-2, -1, 1, 2], 40))
    lost = fitted_loss("conv", settings_of("conv", channels=8, width=24, **given), boards[:40],
                       targets, steps=300)
    assert lost[-1] < lost[0] / 3


# The ways to ask


@pytest.mark.parametrize(("given", "features"), [
    ({}, "tactics224-v1"), ({"gated": False, "kernel": 1, "layers": 2}, TESAURO),
    ({"dilation": [1, 2], "kernel": 5, "activation": "tanh"}, TESAURO),
    ({"head": "mean", "dilation": [1, 2, 4], "layers": 2}, TESAURO),
])
def test_numpy_flax_and_columns_are_the_same_function(boards, given, features):
    settings = settings_of("conv", channels=5, width=7, **given)
    params = random_params("conv", settings, features)
    assert_one_function(asked("conv", settings, params, boards, features))


def test_no_position_at_all_has_no_outcomes():
    settings = settings_of("conv", channels=4, layers=1)
    found = numpy_conv.apply(random_params("conv", settings), np.zeros((0, 198), "f4"), settings)
    assert found.shape == (0, 5) and found.dtype == np.float32


def test_the_activity_of_gates_that_see_nothing_is_that_of_their_bias(boards):
    settings = settings_of("conv", channels=4, layers=2)
    params = random_params("conv", settings)
    params["params"]["stack"]["gate_kernel"][:] = 0
    params["params"]["stack"]["gate_bias"][:] = np.array([[-3.0], [1]])
    found = numpy_conv.activity(params, tesauro198(boards), settings)
    np.testing.assert_allclose(found, 1 / (1 + np.exp([3.0, -1])), rtol=1e-5)


def test_a_net_without_gates_has_no_activity(boards):
    settings = settings_of("conv", channels=4, gated=False)
    with pytest.raises(ConfigError, match="without gates"):
        numpy_conv.activity(random_params("conv", settings), tesauro198(boards), settings)
