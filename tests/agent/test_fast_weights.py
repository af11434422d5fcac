"""The cell with fast weights: its equations, and every way to go through a sequence."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.nets import numpy_fast_weights as cell
from agent.nets.fast_weights import FastWeights, inits, read_back
from agent.nets.numpy_fast_weights import State
from agent.nets.numpy_recurrent import NUMPY
from agent.nets.recurrent import JAX
from tests.test_imports import heavy_after

# Inputs, units, games, steps.
F, N, B, T = 3, 4, 2, 5
SETTINGS = {"width": N, "decay": 0.9, "rate": 0.4, "inner_steps": 2}


def drawn_params(seed=1):
    """Return float64 parameters that float32 holds exactly, none of them as they begin."""
    rng = np.random.default_rng(seed)
    return {path.removeprefix("layer0/"): rng.normal(0.3, 0.6, shape).astype("f4").astype("f8")
            for path, shape in cell.shapes(F, SETTINGS).items()}


def sequence(seed=2):
    """Return inputs float64[T, B, F] and the state before them, hidden and fast weights."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(T, B, F)), rng.normal(size=(B, N)),
            rng.normal(size=(B, N, N)))


def one_by_one(x, hidden, fast, p, settings=SETTINGS):
    """Return the hidden units and the fast weights of one game after one step, in loops."""
    units = range(len(hidden))
    u = [sum(x[j] * p["input"][j, i] for j in range(len(x))) + p["bias"][i]
         + sum(hidden[j] * p["recurrent"][j, i] for j in units) for i in units]
    h = [max(v, 0.0) for v in u]
    fast = [[settings["decay"] * fast[i][j] + settings["rate"] * h[i] * h[j] for j in units]
            for i in units]
    for _ in range(settings["inner_steps"]):
        s = [u[i] + sum(h[j] * fast[j][i] for j in units) for i in units]
        mean = sum(s) / len(s)
        scale = (sum((v - mean) ** 2 for v in s) / len(s) + 1e-5) ** 0.5
        h = [max((v - mean) / scale * p["gain"][i] + p["shift"][i], 0.0) for i, v in enumerate(s)]
    return np.array(h), np.array(fast)


@cache
def expected():
    """Return what is said to the sequence, float64[T, B, N], and the state after it."""
    p, (xs, hidden, fast) = drawn_params(), sequence()
    hidden, fast, said = hidden.copy(), fast.copy(), []
    for x in xs:
        for b in range(B):
            hidden[b], fast[b] = one_by_one(x[b], hidden[b], fast[b], p)
        said.append(hidden.copy())
    return np.stack(said), hidden, fast


def float32(tree):
    return jax.tree.map(lambda a: np.asarray(a, "f4"), tree)


def given():
    """Return parameters, inputs and the state before them as the cell takes them."""
    xs, hidden, fast = float32(sequence())
    return {"layer0": float32(drawn_params())}, xs, State(hidden, fast)


def gone_through(params, xs, state, ops=NUMPY):
    kernel, bias = cell.driven(params, SETTINGS)
    said = []
    for x in xs:
        out, state = cell.step(x @ kernel + bias, state, params, SETTINGS, ops)
        said.append(out)
    return np.stack(said), state


def test_numpy_follows_the_equations():
    said, state = gone_through(*given())
    outputs, hidden, fast = expected()
    assert said.dtype == state.fast.dtype == np.float32
    assert (outputs == 0).any() and outputs.std() > 0.3
    np.testing.assert_allclose(said, outputs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.hidden, hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.fast, fast, rtol=1e-4, atol=1e-5)


def test_a_scan_of_jax_follows_them_too():
    params, xs, state = given()
    outputs, hidden, fast = expected()
    net = FastWeights(**SETTINGS)
    said, last = net.apply({"params": params}, xs, state, method="unroll")
    np.testing.assert_allclose(said, outputs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last.fast, fast, rtol=1e-4, atol=1e-5)
    one, after = net.apply({"params": params}, xs[0], state)
    np.testing.assert_allclose(one, outputs[0], rtol=1e-4, atol=1e-5)
    assert after.fast.shape == (B, N, N)


def test_one_memory_serves_many_candidates():
    params, xs, state = given()
    kernel, bias = cell.driven(params, SETTINGS)
    rng = np.random.default_rng(3)
    candidates = float32(rng.normal(size=(B, 3, F))) @ kernel + bias
    wide = State(state.hidden[:, None], state.fast[:, None])
    for ops in (NUMPY, JAX):
        said, after = cell.step(candidates, wide, params, SETTINGS, ops)
        assert said.shape == (B, 3, N) and after.fast.shape == (B, 3, N, N)
        for b, c in np.ndindex(B, 3):
            alone, its = cell.step(candidates[b, c], State(state.hidden[b], state.fast[b]),
                                   params, SETTINGS, NUMPY)
            np.testing.assert_allclose(said[b, c], alone, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(after.fast[b, c], its.fast, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_attending_to_the_steps_so_far_is_to_read_fast_weights(shared):
    params, xs, state = given()
    kernel, bias = cell.driven(params, SETTINGS)
    if shared:
        state = State(state.hidden[0], state.fast[0])
    said, _ = gone_through(params, xs, state)
    found = jax.jit(lambda d, s: read_back(d, s, params, SETTINGS))(xs @ kernel + bias, state)
    np.testing.assert_allclose(found, said[-1], rtol=1e-3, atol=1e-4)


def test_every_parameter_learns_as_differences_of_the_equations_say():
    p, (xs, hidden, fast) = drawn_params(), sequence()
    weights = np.random.default_rng(4).normal(size=N)

    def total(p):
        h, a = hidden[0], fast[0]
        for x in xs[:, 0]:
            h, a = one_by_one(x, h, a, p)
        return h @ weights

    params, inputs, state = given()
    first = State(state.hidden[0], state.fast[0])

    @jax.jit
    @jax.grad
    def slope(params):
        said, _ = FastWeights(**SETTINGS).apply({"params": params}, inputs[:, 0], first,
                                                method="unroll")
        return said[-1] @ jnp.asarray(weights, "f4")

    found, rng = slope(params)["layer0"], np.random.default_rng(5)
    for name, array in p.items():
        way = rng.normal(size=array.shape)
        up, down = (total(p | {name: array + sign * way}) for sign in (1e-6, -1e-6))
        assert abs(up - down) > 1e-8
        np.testing.assert_allclose((found[name] * way).sum(), (up - down) / 2e-6,
                                   rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("width", [4, 50])
def test_a_cell_has_as_many_parameters_as_its_equations(width):
    settings = cell.DEFAULTS | {"width": width}
    made = jax.eval_shape(FastWeights(width).init, jax.random.key(1), jnp.zeros((1, 100)),
                          FastWeights(width).zero_states(1))["params"]
    found = {f"layer0/{name}": a.shape for name, a in made["layer0"].items()}
    assert found == cell.shapes(100, settings)
    assert sum(np.prod(s) for s in found.values()) == width * (100 + width + 3)


def test_parameters_begin_as_they_are_told():
    drawn = {name: np.asarray(inits(SETTINGS)(f"layer0/{name}")(jax.random.key(1), shape))
             for name, shape in (("input", (100, 50)), ("recurrent", (50, 50)), ("bias", (5000,)),
                                 ("gain", (50,)), ("shift", (50,)))}
    np.testing.assert_allclose(drawn["input"].std(), (2 / 150) ** 0.5, rtol=0.03)
    np.testing.assert_allclose(drawn["recurrent"].std(), (2 / 100) ** 0.5, rtol=0.05)
    np.testing.assert_allclose(drawn["bias"].std(), 0.1, rtol=0.05)
    assert not drawn["shift"].any() and (drawn["gain"] == 1).all()


def test_the_state_that_has_seen_nothing_is_zero():
    state = cell.zero_states(SETTINGS, 7, 1)
    assert state.hidden.shape == (7, 1, N) and state.fast.shape == (7, 1, N, N)
    assert not state.hidden.any() and not state.fast.any()
    assert cell.width_of(SETTINGS) == N


def test_the_step_in_numpy_does_not_wait_for_jax():
    assert heavy_after("import agent.nets.numpy_fast_weights, agent.nets.numpy_contextual") == []
