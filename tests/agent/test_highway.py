"""The highway net: its layer by hand, its depth, and every way to ask it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import outcome
from agent.checkpoint import net_shapes
from agent.errors import ConfigError
from agent.features import tesauro198
from agent.nets import highway, numpy_highway, registry
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
from tests.engine.weird import weird_boards

BENDS = {"relu": lambda v: max(v, 0.0), "tanh": np.tanh, "sigmoid": lambda v: 1 / (1 + np.exp(-v))}


@pytest.fixture(scope="module")
def boards(positions):
    """Return positions of games and weird ones, int8[400, 2, 25]."""
    return np.concatenate([positions[0], weird_boards(np.random.default_rng(6), 100)])


# The layer


def by_hand(x, params, activation):
    """Return one layer of one position, unit by unit in float64."""
    found = []
    for unit in range(len(x)):
        total = params["bias"][unit] + sum(
            float(x[i]) * float(params["kernel"][i, unit]) for i in range(len(x)))
        changed = BENDS[activation](total)
        if "gate_kernel" not in params:
            found.append(changed)
            continue
        total = params["gate_bias"][unit] + sum(
            float(x[i]) * float(params["gate_kernel"][i, unit]) for i in range(len(x)))
        gate = 1 / (1 + np.exp(-total))
        found.append(changed * gate + float(x[unit]) * (1 - gate))
    return np.array(found)


def stack_of(layers, width, gated=True, seed=1):
    rng = np.random.default_rng(seed)
    shapes = numpy_highway.stack_shapes(layers, (width, width), gated)
    return {path.removeprefix("params/stack/"): rng.normal(0, 0.7, s).astype("f4")
            for path, s in shapes.items()}


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("activation", BENDS)
def test_a_stack_is_its_layers_one_after_the_other(activation, gated):
    stack, x = stack_of(3, 5, gated), np.random.default_rng(2).normal(size=(4, 5)).astype("f4")
    expected = []
    for position in x:
        for i in range(3):
            position = by_hand(position, {name: a[i] for name, a in stack.items()}, activation)
        expected.append(position)
    module = Stack(3, (5, 5), activation, gated)
    np.testing.assert_allclose(module.apply({"params": stack}, x), expected, atol=1e-5)
    by_numpy = numpy_highway.run(x, stack, activation, (numpy_highway.same,))
    np.testing.assert_allclose(by_numpy, expected, atol=1e-5)


def test_gates_that_are_shut_carry_the_input_unchanged():
    stack, x = stack_of(50, 6), np.random.default_rng(2).normal(size=(4, 6)).astype("f4")
    stack["gate_bias"] -= 200
    assert (np.asarray(Stack(50, (6, 6)).apply({"params": stack}, x)) == x).all()
    assert (numpy_highway.run(x, stack, "relu", (numpy_highway.same,)) == x).all()


def test_gates_that_are_open_make_a_plain_stack():
    stack, x = stack_of(4, 6), np.random.default_rng(2).normal(size=(4, 6)).astype("f4")
    stack["gate_bias"] += 200
    plain = {name: stack[name] for name in ("kernel", "bias")}
    opened = Stack(4, (6, 6), "tanh").apply({"params": stack}, x)
    without = Stack(4, (6, 6), "tanh", gated=False).apply({"params": plain}, x)
    np.testing.assert_allclose(opened, without, atol=1e-6)


# As it is made


def test_a_new_net_carries_as_its_bias_says():
    net = registry.build("highway", {"layers": 40, "width": 50, "carry_bias": -3})
    stack = jax.jit(net.init)(jax.random.key(1), jnp.zeros((1, 198)))["params"]["stack"]
    assert (stack["gate_bias"] == -3).all() and (stack["bias"] == 0).all()
    # Every layer has parameters of its own, as large as if it were alone.
    kernels = np.asarray(stack["kernel"])
    assert len(np.unique(kernels[:, 0], axis=0)) == 40
    np.testing.assert_allclose(kernels.std(axis=(1, 2)), np.sqrt(2 / 50), rtol=0.1)


def test_a_stack_may_be_made_with_any_initial_kernel():
    module = Stack(2, (9, 9), kernel_init=jax.nn.initializers.constant(0.1),
                   bias_init=jax.nn.initializers.constant(0.2), carry_bias=-2.0)
    made = module.init(jax.random.key(1), jnp.zeros((1, 9)))["params"]
    assert {name: float(a.min()) for name, a in made.items()} == pytest.approx(
        {"kernel": 0.1, "bias": 0.2, "gate_kernel": 0.1, "gate_bias": -2})


@pytest.mark.parametrize(("given", "weights"), [
    ({"width": 64, "layers": 5}, 199 * 64 + 5 * 2 * 65 * 64 + 65 * 5),
    ({"width": 64, "layers": 5, "gated": False}, 199 * 64 + 5 * 65 * 64 + 65 * 5),
    ({"width": 7, "layers": 1}, 199 * 7 + 2 * 8 * 7 + 8 * 5),
])
def test_a_net_has_the_parameters_its_settings_say(given, weights):
    settings = settings_of("highway", **given)
    found = made_shapes("highway", settings)
    assert found == net_shapes("highway", settings, TESAURO)
    assert sum(np.prod(shape) for shape in found.values()) == weights


# Depth


def slopes(layers, gated, activation):
    """Return how the sum of a stack's outputs depends on each layer's kernel, its norm [layers]."""
    module = Stack(layers, (8, 8), activation, gated, carry_bias=-4.0)
    x = jax.random.normal(jax.random.key(2), (4, 8))
    params = jax.jit(module.init)(jax.random.key(1), x)
    # Nothing is dead to begin with, as units of relu may be.
    params["params"]["bias"] += 0.5
    slope = jax.jit(jax.grad(lambda p: module.apply(p, x).sum()))(params)
    return np.linalg.norm(np.asarray(slope["params"]["kernel"]), axis=(1, 2))


def test_a_thousand_layers_compile_and_the_first_one_learns():
    found = slopes(1000, True, "relu")
    assert found.shape == (1000,) and np.isfinite(found).all() and (found > 0).all()


def test_gates_let_the_gradient_through_where_plain_layers_lose_it():
    gated, without = slopes(50, True, "sigmoid"), slopes(50, False, "sigmoid")
    assert gated[0] > 1e-3 * gated[-1]
    assert without[0] < 1e-12 * without[-1]


@pytest.mark.parametrize("given", [{}, {"layers": 20, "carry_bias": -2}])
def test_a_net_learns_a_handful_of_positions(boards, given):
    targets = outcome.of_points(np.random.default_rng(1).choice([-2, -1, 1, 2], 40))
    lost = fitted_loss("highway", settings_of("highway", width=24, **given), boards[:40], targets,
                       steps=150)
    assert lost[-1] < lost[0] / 5


# The ways to ask


@pytest.mark.parametrize("given", [
    {"width": 12, "layers": 4}, {"width": 12, "layers": 4, "activation": "tanh"},
    {"width": 12, "layers": 4, "activation": "sigmoid"},
    {"width": 12, "layers": 4, "gated": False},
    {"width": 16, "layers": 20, "activation": "tanh", "carry_bias": -2},
])
def test_numpy_flax_and_columns_are_the_same_function(boards, given):
    settings = settings_of("highway", **given)
    assert_one_function(asked("highway", settings, random_params("highway", settings), boards))


def test_they_are_with_more_inputs_too(boards):
    settings, features = settings_of("highway", width=12, layers=2), "tactics224-v1"
    params = random_params("highway", settings, features)
    assert_one_function(asked("highway", settings, params, boards, features))


# What the gates do


def test_the_activity_of_gates_that_see_nothing_is_that_of_their_bias(boards):
    settings = settings_of("highway", width=6, layers=3)
    params = random_params("highway", settings)
    stack = params["params"]["stack"]
    stack["gate_kernel"][:] = 0
    stack["gate_bias"][:] = np.array([[-3.0], [0], [2]])
    found = numpy_highway.activity(params, tesauro198(boards), settings)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 1 / (1 + np.exp([3.0, 0, -2])), rtol=1e-5)


def test_activity_is_the_mean_over_units_and_positions(boards):
    settings = settings_of("highway", width=6, layers=2)
    params, x = random_params("highway", settings), tesauro198(boards[:9])
    first, stack = params["params"]["first"], params["params"]["stack"]
    x = np.maximum(x @ first["kernel"] + first["bias"], 0)
    expected = []
    for i in range(2):
        gate = 1 / (1 + np.exp(-(x @ stack["gate_kernel"][i] + stack["gate_bias"][i])))
        expected.append(gate.mean())
        x = np.stack([by_hand(p, {n: a[i] for n, a in stack.items()}, "relu") for p in x])
    found = numpy_highway.activity(params, tesauro198(boards[:9]), settings)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_net_without_gates_has_no_activity(boards):
    settings = settings_of("highway", width=6, layers=2, gated=False)
    with pytest.raises(ConfigError, match="without gates"):
        numpy_highway.activity(random_params("highway", settings), tesauro198(boards), settings)


def test_settings_say_what_the_net_is():
    assert highway.of_settings({}) == highway.Highway(64, 5, "relu", True, -1.0)
    given = {"width": 8, "layers": 9, "activation": "tanh", "gated": False}
    assert highway.of_settings(given) == highway.Highway(8, 9, "tanh", False)
