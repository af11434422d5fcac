"""Initial states of a context: what they are, around every kind of cell, and that they learn."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.checkpoint import unflatten
from agent.errors import ConfigError
from agent.nets import numpy_fast_weights, numpy_hm_lstm, numpy_lstm
from agent.nets.contextual import GENERATING, SPREAD, drawn_states, inits
from agent.nets.numpy_contextual import (
    INITIAL,
    initial_states,
    learned_paths,
    leaves,
    mapped,
    shapes,
    spread,
)
from agent.nets.numpy_recurrent import NUMPY, CellKind
from agent.nets.recurrent import JAX

# Numbers of a context, units, inputs.
C, N, F = 3, 4, 2
HM_LSTM = CellKind(numpy_hm_lstm.shapes, numpy_hm_lstm.zero_states, numpy_hm_lstm.driven,
                   numpy_hm_lstm.step, numpy_hm_lstm.width_of)
# Cells with their settings, and the paths of those states that need not start at zero.
CELLS = {
    "lstm": (numpy_lstm.KIND, {"width": N, "layers": 2, "variant": "vanilla"},
             ("0.cell", "0.output", "1.cell", "1.output")),
    "fgr": (numpy_lstm.KIND, {"width": N, "layers": 1, "variant": "fgr"},
            ("0.cell", "0.output", "0.gates")),
    "hm-lstm": (HM_LSTM, {"width": N, "layers": 2, "slope": 1.0, "boundary_bias": 0.4,
                          "layer_norm": False},
                ("0.cell", "0.hidden", "1.cell", "1.hidden")),
    "fast-weights": (numpy_fast_weights.KIND, numpy_fast_weights.DEFAULTS | {"width": N},
                     ("hidden", "fast")),
}


def zero_of(name):
    kind, settings, _ = CELLS[name]
    return kind.zero_states(settings)


def drawn(name, initial, seed=1):
    """Return parameters of initial states, float32, none of them as they begin."""
    rng = np.random.default_rng(seed)
    return unflatten({path: rng.normal(size=shape).astype("f4")
                      for path, shape in shapes(C, zero_of(name), initial).items()})


def contexts(*batch, seed=2):
    return np.random.default_rng(seed).normal(size=(*batch, C)).astype("f4")


def assert_same(found, expected, **tolerance):
    assert type(found) is type(expected)
    jax.tree.map(partial(np.testing.assert_allclose, **tolerance), found, expected)


# What they are


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("initial", ["learned", "distribution"])
def test_each_array_is_a_dense_layer_of_the_context(name, initial):
    params, context = drawn(name, initial), contexts(5)
    found = leaves(initial_states(params, context, zero_of(name), initial, np))
    for path, leaf in found.items():
        expected = np.zeros((5, leaf[0].size))
        if path in CELLS[name][2]:
            for b, unit in np.ndindex(*expected.shape):
                expected[b, unit] = params[path]["bias"][unit] + sum(
                    float(context[b, i]) * params[path]["kernel"][i, unit] for i in range(C))
        assert leaf.dtype == np.float32
        np.testing.assert_allclose(leaf, expected.reshape(leaf.shape), atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_what_means_that_something_happened_starts_at_zero(name):
    paths = learned_paths(zero_of(name))
    assert paths == CELLS[name][2]
    others = set(leaves(zero_of(name))) - set(paths)
    found = leaves(initial_states(drawn(name, "free"), contexts(2), zero_of(name), "free", np))
    assert all(not found[path].any() for path in others)
    assert all(found[path].all() for path in paths)
    assert {path.split(".")[-1] for path in others} <= {"boundary", "gates"}


@pytest.mark.parametrize("name", CELLS)
def test_zero_is_zero_and_has_no_parameters(name):
    kind, settings, _ = CELLS[name]
    assert shapes(C, zero_of(name), "zero") == {}
    found = initial_states({}, contexts(5, 2), zero_of(name), "zero", np)
    assert_same(found, kind.zero_states(settings, 5, 2))


def test_free_is_the_same_whatever_the_context():
    params = drawn("lstm", "free")
    found = initial_states(params, contexts(5), zero_of("lstm"), "free", np)
    other = initial_states(params, contexts(5, seed=3), zero_of("lstm"), "free", np)
    assert_same(found, other, rtol=0)
    np.testing.assert_array_equal(found[1].cell, np.tile(params["1.cell"]["bias"], (5, 1)))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("initial", INITIAL)
def test_numpy_and_jax_say_the_same_for_any_leading_axes(name, initial):
    params, like = drawn(name, initial), zero_of(name)
    for batch in ((), (5,), (2, 3)):
        context = contexts(*batch)
        found = initial_states(params, context, like, initial, np)
        assert_same(initial_states(params, context, like, initial, jnp), found, atol=1e-6)
        assert all(leaf.shape[:len(batch)] == batch for leaf in leaves(found).values())
    whole = initial_states(params, context, like, initial, np)
    part = initial_states(params, context[1, 2], like, initial, np)
    assert_same(mapped(lambda path, leaf: leaf[1, 2], whole), part, atol=1e-6)


@pytest.mark.parametrize(("initial", "count"), [
    ("zero", 0), ("free", N), ("learned", (C + 1) * N), ("distribution", (C + 2) * N)])
@pytest.mark.parametrize("name", CELLS)
def test_each_array_has_the_parameters_of_its_kind(name, initial, count):
    found = sum(np.prod(s) for s in shapes(C, zero_of(name), initial).values())
    vectors = {"lstm": 4, "fgr": 2 + 3, "hm-lstm": 4, "fast-weights": 1 + N}
    assert found == count * vectors[name]


@pytest.mark.parametrize("make", [
    partial(shapes, C, zero_of("lstm")), inits,
    partial(initial_states, {}, contexts(1), zero_of("lstm"), xp=np)])
def test_an_initial_state_that_is_not_there_is_told_in_a_line_that_names_those_that_are(make):
    with pytest.raises(ConfigError) as error:
        make(initial="one")
    assert str(error.value) == "initial must be one of zero, free, learned, distribution, not 'one'"


# As they begin


def test_kernels_begin_as_he_wrote_and_free_begins_as_zero():
    of = inits("learned")
    kernel = np.asarray(of("0.cell/kernel")(jax.random.key(1), (200, 300)))
    assert kernel.std() == pytest.approx((2 / 200) ** 0.5, rel=0.02)
    assert abs(kernel.mean()) < 1e-3
    assert not np.asarray(of("0.cell/bias")(jax.random.key(1), (300,))).any()


@pytest.mark.parametrize("deviation", [SPREAD, GENERATING, 3.0])
def test_a_distribution_begins_with_its_deviation(deviation):
    raw = inits("distribution", deviation)("0.cell/spread")(jax.random.key(1), (N,))
    np.testing.assert_allclose(spread(np.asarray(raw), np), deviation, rtol=1e-5)


@pytest.mark.parametrize("deviation", [0.0, -1.0, float("nan"), float("inf")])
def test_a_deviation_is_above_zero(deviation):
    with pytest.raises(ConfigError, match="^deviation must be above 0, not "):
        inits("distribution", deviation)


# What is drawn


def test_what_is_drawn_has_the_mode_and_the_deviation_of_its_distribution():
    params, like = drawn("lstm", "distribution"), zero_of("lstm")
    context = np.tile(contexts(1), (20_000, 1))
    found = leaves(drawn_states(params, context, like, "distribution", jax.random.key(1)))
    mode = leaves(initial_states(params, context[0], like, "distribution", np))
    for path in CELLS["lstm"][2]:
        deviation = np.log1p(np.exp(params[path]["spread"]))
        some = np.asarray(found[path])
        np.testing.assert_allclose(some.std(0) / deviation, 1, atol=0.03)
        np.testing.assert_allclose((some.mean(0) - mode[path]) / deviation, 0, atol=0.04)
    # Each array is drawn by itself.
    cell, output = ((np.asarray(found[p]) - mode[p])[:, 0] for p in ("0.cell", "0.output"))
    assert abs(np.corrcoef(cell, output)[0, 1]) < 0.03


@pytest.mark.parametrize("initial", ["zero", "free", "learned"])
def test_nothing_is_drawn_where_there_is_no_distribution(initial):
    params, like, context = drawn("lstm", initial), zero_of("lstm"), contexts(5)
    assert_same(drawn_states(params, context, like, initial, jax.random.key(1)),
                initial_states(params, context, like, initial, jnp), rtol=0)


# That they learn


@pytest.mark.parametrize("name", CELLS)
def test_gradients_reach_what_states_begin_with_through_the_recurrence(name):
    kind, settings, paths = CELLS[name]
    rng = np.random.default_rng(3)
    cell = unflatten({path: rng.normal(0.2, 0.6, shape).astype("f4")
                      for path, shape in kind.shapes(F, settings).items()})
    xs, context = rng.normal(size=(3, 5, F)).astype("f4"), contexts(5)
    kernel, bias = kind.driven(cell, settings)

    def said(params, xp, ops, key=None):
        start = initial_states(params, context, zero_of(name), "distribution", xp)
        if key is not None:
            start = drawn_states(params, context, zero_of(name), "distribution", key)
        for x in xs:
            out, start = kind.step(x @ kernel + bias, start, cell, settings, ops)
        return (out * out).sum()

    params = drawn(name, "distribution", seed=4)
    slope = jax.jit(jax.grad(lambda p: said(p, jnp, JAX, jax.random.key(1))))(params)
    for path in paths:
        assert all(np.isfinite(a).all() and np.any(a != 0) for a in slope[path].values()), path
    if name == "lstm":
        mode, rng = jax.jit(jax.grad(lambda p: said(p, jnp, JAX)))(params), rng
        way = {path: {n: rng.normal(size=a.shape) for n, a in part.items()}
               for path, part in params.items()}
        up, down = (said(jax.tree.map(lambda a, w, s=s: a + s * w, params, way), np, NUMPY)
                    for s in (1e-5, -1e-5))
        along = sum((mode[p][n] * way[p][n]).sum() for p in way for n in way[p])
        np.testing.assert_allclose(along, (up - down) / 2e-5, rtol=1e-2)
