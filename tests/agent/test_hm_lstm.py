"""The hierarchical multiscale LSTM: case by case, its gradients, and every way to go on."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets import numpy_hm_lstm
from agent.nets.hm_lstm import HMLSTM, annealed_slope, inits
from agent.nets.numpy_hm_lstm import State
from agent.nets.numpy_recurrent import NUMPY
from tests.test_imports import heavy_after

F, N, L, T, B = 3, 4, 3, 12, 5
SETTINGS = {"width": N, "layers": L, "slope": 1.0, "boundary_bias": 0.4, "layer_norm": False}
NORMED = SETTINGS | {"layer_norm": True}
BOTH = pytest.mark.parametrize("settings", [SETTINGS, NORMED], ids=["plain", "normed"])


# By the equations, unit after unit, with a branch for each case


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer_by_cases(i, x, ended, before, above, params, settings, slope):
    """Return cell, hidden and boundary of a layer after a step, of one sequence, and its case."""
    (c, h, z), top = before, i == L - 1
    columns = 4 * N + (not top)
    s = [sum(h[k] * params["recurrent"][k, m] for k in range(N)) for m in range(columns)]
    if ended == 1:
        s = [s[m] + sum(x[k] * params["input"][k, m] for k in range(len(x)))
             for m in range(columns)]
    if z == 1:
        s = [s[m] + sum(above[k] * params["top"][k, m] for k in range(N)) for m in range(columns)]
    if settings["layer_norm"]:
        mean = sum(s) / columns
        deviation = np.sqrt(sum((v - mean) ** 2 for v in s) / columns + 1e-5)
        s = [(v - mean) / deviation * params["gain"][m] for m, v in enumerate(s)]
    s = [v + params["bias"][m] for m, v in enumerate(s)]
    case = "FLUSH" if z == 1 else "UPDATE" if ended == 1 else "COPY"
    cell, hidden = [], []
    for n in range(N):
        f, i_, o, g = (s[block * N + n] for block in range(4))
        if case == "COPY":
            cell.append(c[n])
            hidden.append(h[n])
            continue
        new = sigmoid(i_) * np.tanh(g)
        cell.append(new if case == "FLUSH" else sigmoid(f) * c[n] + new)
        hidden.append(sigmoid(o) * np.tanh(cell[n]))
    share = 0 if top else min(1, max(0, (slope * s[-1] + 1) / 2))
    may_end = ended == 1 or not settings.get("nested")
    return np.array(cell), np.array(hidden), int(share > 0.5 and may_end), case


def sequence_by_cases(xs, before, params, settings, slope=1.0):
    """Return what is said to xs [T, F], the states after it, boundaries and cases [T, L]."""
    states, outputs, ends, cases = before, [], [], []
    for x in xs:
        after, ended = [], 1
        for i in range(L):
            above = states[i + 1][1] if i < L - 1 else None
            cell, hidden, z, case = layer_by_cases(
                i, x, ended, states[i], above, params[f"layer{i}"], settings, slope)
            after.append((cell, hidden, z, case))
            x, ended = hidden, z
        states = [state[:3] for state in after]
        ends.append([state[2] for state in after])
        cases.append([state[3] for state in after])
        h, total = np.concatenate([state[1] for state in states]), np.zeros(N)
        for i in range(L):
            gate = sigmoid(h @ params["output"]["gate"][:, i])
            total += gate * (states[i][1] @ params["output"]["kernel"][i * N : (i + 1) * N])
        outputs.append(np.maximum(total, 0))
    return np.array(outputs), states, np.array(ends), np.array(cases)


# What is asked of it


@cache
def drawn_params(layer_norm):
    rng = np.random.default_rng(1)
    settings = NORMED if layer_norm else SETTINGS
    params = {}
    for path, shape in numpy_hm_lstm.shapes(F, settings).items():
        layer, name = path.split("/")
        # Small enough that hard sigmoids are not flat all the time.
        spread = 0.3 if name == "gain" else 0.7
        params.setdefault(layer, {})[name] = spread * rng.normal(size=shape)
        params[layer][name] += name == "gain"
    return params


def sequence():
    """Return inputs float64[T, B, F] and for each sequence what went before, by layers."""
    rng = np.random.default_rng(2)
    before = [[(rng.normal(size=N), rng.normal(size=N), int(rng.integers(2)) if i < L - 1 else 0)
               for i in range(L)] for _ in range(B)]
    return rng.normal(size=(T, B, F)), before


def states_of(before):
    """Return the states [B, ...] of sequences by layers."""
    states = []
    for i in range(L):
        cell, hidden = (np.stack([layers[i][k] for layers in before]).astype("f4") for k in (0, 1))
        ends = np.array([[layers[i][2]] * (i < L - 1) for layers in before], "f4")
        states.append(State(cell, hidden, ends))
    return tuple(states)


def float32(tree):
    return jax.tree.map(lambda a: np.asarray(a, "f4"), tree)


@cache
def by_cases(layer_norm, slope=1.0):
    xs, before = sequence()
    settings = NORMED if layer_norm else SETTINGS
    found = [sequence_by_cases(xs[:, b], before[b], drawn_params(layer_norm), settings, slope)
             for b in range(B)]
    outputs, last, ends, cases = zip(*found, strict=True)
    return np.stack(outputs, 1), states_of(last), np.stack(ends, 1), np.stack(cases, 1)


def walked(settings, params, xs, states, slope=None):
    """Return what NumPy says to xs [T, ...], and the states after each step."""
    kernel, bias = numpy_hm_lstm.driven(params, settings)
    outputs, visited = [], []
    for x in xs:
        said, states = numpy_hm_lstm.step(x @ kernel + bias, states, params, settings, NUMPY, slope)
        outputs.append(said)
        visited.append(states)
    return np.stack(outputs), visited


@cache
def scanned(layer_norm):
    """Return ``(params, xs, states, slope) -> outputs, states, boundaries`` by flax."""
    net = HMLSTM(N, L, layer_norm=layer_norm)
    return jax.jit(lambda params, *rest: net.apply({"params": params}, *rest))


def assert_same(found, expected, **tolerance):
    jax.tree.map(partial(np.testing.assert_allclose, **tolerance), found, expected)


# The equations


@BOTH
def test_a_step_without_branches_is_update_copy_and_flush(settings):
    outputs, last, ends, cases = by_cases(settings["layer_norm"])
    # Every case of every layer comes about, many times over, but for those that cannot.
    for i, known in enumerate(({"UPDATE", "FLUSH"}, {"UPDATE", "COPY", "FLUSH"},
                               {"UPDATE", "COPY"})):
        assert {case: n >= 4 for case, n in zip(*np.unique(cases[..., i], return_counts=True),
                                                strict=True)} == dict.fromkeys(known, True)
    xs, before = sequence()
    params = float32(drawn_params(settings["layer_norm"]))
    found, visited = walked(settings, params, float32(xs), states_of(before))
    assert outputs.std() > 0.05 and (outputs == 0).any() and found.shape == (T, B, N)
    np.testing.assert_allclose(found, outputs, atol=1e-5)
    assert_same(visited[-1], last, atol=1e-5)
    for t, states in enumerate(visited):
        for i, state in enumerate(states[:-1]):
            assert (state.boundary[:, 0] == ends[t, :, i]).all()
    assert {part.dtype for state in visited[-1] for part in state} == {np.dtype("f4")}
    assert found.dtype == np.float32


@BOTH
def test_a_scan_is_the_same_as_single_steps_of_numpy(settings):
    outputs, last, ends, _ = by_cases(settings["layer_norm"])
    xs, before = sequence()
    params = float32(drawn_params(settings["layer_norm"]))
    said, states, boundaries = scanned(settings["layer_norm"])(
        params, float32(xs), states_of(before))
    np.testing.assert_allclose(said, outputs, atol=1e-5)
    assert_same(states, last, atol=1e-5)
    assert boundaries.shape == (T, B, L - 1)
    # Exactly 0 and 1: a straight-through estimate that is off by a rounding copies no more.
    assert (np.asarray(boundaries) == ends[..., :-1]).all()


def test_nested_boundaries_are_only_where_those_of_the_layer_below_are():
    (xs, before), params = sequence(), float32(drawn_params(False))
    nested = SETTINGS | {"nested": True}
    found = [sequence_by_cases(xs[:, b], before[b], drawn_params(False), nested) for b in range(B)]
    outputs, last, ends, _ = zip(*found, strict=True)
    ends = np.stack(ends, 1)[..., :-1]
    apart = by_cases(False)[2][..., :-1]
    assert (ends[..., 1] <= ends[..., 0]).all() and ends[..., 1].any()
    assert (apart[..., 1] > apart[..., 0]).any()
    said, states, boundaries = jax.jit(HMLSTM(N, L, nested=True).apply)(
        {"params": params}, float32(xs), states_of(before))
    np.testing.assert_allclose(said, np.stack(outputs, 1), atol=1e-5)
    assert_same(states, states_of(last), atol=1e-5)
    assert (np.asarray(boundaries) == ends).all()
    by_numpy, _ = walked(nested, params, float32(xs), states_of(before))
    np.testing.assert_allclose(by_numpy, said, atol=1e-5)


def test_what_is_copied_is_the_same_to_the_last_bit():
    xs, before = sequence()
    params, states = float32(drawn_params(False)), states_of(before)
    _, by_numpy = walked(SETTINGS, params, float32(xs), states)
    step, by_flax = jax.jit(partial(HMLSTM(N, L).apply, method="step")), [states]
    for x in float32(xs):
        by_flax.append(float32(step({"params": params}, x, by_flax[-1])[1]))
    cases, copies = by_cases(False)[3], 0
    for visited in ([states, *by_numpy], by_flax):
        for t in range(T):
            for i in range(L):
                same = [(visited[t][i][part] == visited[t + 1][i][part]).all(-1) for part in (0, 1)]
                assert (np.array(same) == (cases[t, :, i] == "COPY")).all()
                copies += (cases[t, :, i] == "COPY").sum()
    assert copies >= 16


# The slope


@pytest.mark.parametrize("slope", [0.5, 3.0])
def test_the_slope_of_a_call_goes_before_that_of_the_settings(slope):
    xs, before = sequence()
    params, xs, states = float32(drawn_params(False)), float32(xs), states_of(before)
    set_so = walked(SETTINGS | {"slope": slope}, params, xs, states)
    assert_same(walked(SETTINGS, params, xs, states, slope), set_so, rtol=0, atol=0)
    outputs, _, boundaries = scanned(False)(params, xs, states, np.float32(slope))
    np.testing.assert_allclose(outputs, set_so[0], atol=1e-5)
    assert (np.asarray(boundaries) == by_cases(False, slope)[2][..., :-1]).all()


def test_the_slope_changes_gradients_and_not_where_boundaries_are():
    # The hard sigmoid is above one half where its argument is above 0, whatever the slope.
    (slow, ends), (fast, again) = (learnt(False)(slope) for slope in (1.0, 4.0))
    assert (ends == again).all()
    assert (slow["layer0"]["input"][:, -1] != fast["layer0"]["input"][:, -1]).all()


def test_the_slope_grows_as_in_the_paper():
    assert [annealed_slope(epoch) for epoch in (0, 1, 50, 100, 101)] == pytest.approx(
        [1, 1.04, 3, 5, 5])


# Gradients


@cache
def learnt(layer_norm):
    """Return ``slope -> gradient of a weighted sum of outputs, boundaries`` by flax."""
    params, (xs, before) = float32(drawn_params(layer_norm)), sequence()
    weights = np.random.default_rng(3).normal(size=(T, B, N)).astype("f4")

    def total(params, slope):
        outputs, _, ends = HMLSTM(N, L, layer_norm=layer_norm).apply(
            {"params": params}, float32(xs), states_of(before), slope)
        return (outputs * weights).sum(), ends

    grad = jax.jit(jax.grad(total, has_aux=True))
    return lambda slope: float32(grad(params, np.float32(slope)))


@BOTH
def test_every_parameter_learns_the_detectors_of_boundaries_too(settings):
    gradient, _ = learnt(settings["layer_norm"])(1.0)
    for i in range(L):
        for name, a in gradient[f"layer{i}"].items():
            moved = a != 0
            if name == "top" and not settings["layer_norm"]:
                # Where the layer above speaks, the cell is flushed: nothing asks the forget gate.
                assert not moved[:, :N].any()
                moved = moved[:, N:]
            assert np.isfinite(a).all() and moved.all(), (i, name)
    assert all((a != 0).all() for a in gradient["output"].values())


def test_gradients_of_a_boundary_are_those_of_its_hard_sigmoid():
    # One step in which the lower layer ends a segment: what the upper one becomes of it is linear
    # in z for c, so that its slope by b of the boundary is a / 2 times (updated - copied).
    rng, settings = np.random.default_rng(5), SETTINGS | {"layers": 2}
    params = {}
    for path, shape in numpy_hm_lstm.shapes(F, settings).items():
        layer, name = path.split("/")
        params.setdefault(layer, {})[name] = 0.3 * rng.normal(size=shape).astype("f4")
    # The upper layer is driven by nothing, so that only where it looks depends on the boundary.
    params["layer1"]["input"] *= 0
    params["layer0"]["bias"][-1] = 0.2
    states = tuple(State(*(rng.normal(size=part.shape[-1:]).astype("f4") * (part.shape[-1] != 1)
                           for part in state)) for state in numpy_hm_lstm.zero_states(settings, 1))
    params["layer0"]["recurrent"][:, -1] = params["layer0"]["input"][:, -1] = 0

    def cell(bias, slope):
        lowest = params["layer0"] | {"bias": jnp.asarray(params["layer0"]["bias"]).at[-1].set(bias)}
        _, after = HMLSTM(N, 2).apply({"params": params | {"layer0": lowest}}, np.ones(F, "f4"),
                                      states, slope, method="step")
        return after[1].cell

    run = jax.jit(lambda bias, slope: (cell(bias, slope), jax.jacobian(cell)(bias, slope)))
    updated, slope = run(0.2, 2.5)
    kept, _ = run(-0.2, 2.5)
    assert (np.asarray(kept) == states[1].cell).all()
    np.testing.assert_allclose(slope, 2.5 / 2 * (updated - kept), rtol=1e-4, atol=1e-6)
    # Where the hard sigmoid is flat, nothing comes through.
    assert (run(0.9, 2.5)[1] == 0).all()


# As it is made


@pytest.mark.parametrize(("settings", "count"), [
    (SETTINGS, lambda f, n, m: f * m + 5 * n * m + 2 * m + 8 * n * n + 4 * n),
    (NORMED, lambda f, n, m: f * m + 5 * n * m + 4 * m + 8 * n * n + 8 * n),
], ids=["plain", "normed"])
def test_three_layers_have_the_parameters_of_the_equations(settings, count):
    settings = settings | {"width": 80}
    net = HMLSTM(80, 3, layer_norm=settings["layer_norm"])
    made = jax.eval_shape(net.init, jax.random.key(1), jnp.zeros((T, B, 198)),
                          net.zero_states(B))["params"]
    found = {f"{layer}/{name}": a.shape for layer, m in made.items() for name, a in m.items()}
    assert found == numpy_hm_lstm.shapes(198, settings)
    stack = sum(np.prod(s) for path, s in found.items() if path.startswith("layer"))
    assert stack == count(198, 80, 321)
    assert sum(np.prod(s) for s in found.values()) - stack == 240 * 3 + 240 * 80
    assert numpy_hm_lstm.width_of(settings) == 80


def test_boundaries_have_a_bias_at_first_and_nothing_else_has():
    net = HMLSTM(80, 3, boundary_bias=0.7, layer_norm=True)
    # Threefry, the default, takes several times as long to compile.
    key = jax.random.key(1, impl="rbg")
    init = jax.jit(partial(net.init, method="step"))
    made = init(key, jnp.zeros((B, 198)), net.zero_states(B))
    for layer in range(3):
        params = float32(made["params"][f"layer{layer}"])
        assert (params["gain"] == 1).all() and (params["bias"][:320] == 0).all()
        assert (params["bias"][320:] == np.float32(0.7)).all()
        # LeCun's: a variance of one through its inputs.
        for name in {"input", "recurrent", "top"} & set(params):
            rows = len(params[name])
            assert params[name].std() == pytest.approx(rows**-0.5, rel=0.05), name
    # Drawn apart from each other.
    kernels = made["params"]["layer1"]
    assert abs(np.corrcoef(kernels["input"].ravel(), kernels["recurrent"].ravel())[0, 1]) < 0.05
    apart = inits(SETTINGS | {"boundary_bias": [0.4, -0.1]})
    for layer, last in enumerate((0.4, -0.1, 0)):
        drawn = apart(f"layer{layer}/bias")(jax.random.key(1), (17,))
        np.testing.assert_allclose(drawn, [*[0] * 16, last])
    with pytest.raises(ConfigError, match="^boundary_bias must be one number or 2, not 3$"):
        HMLSTM(4, 3, boundary_bias=(0.1, 0.2, 0.3))


@pytest.mark.parametrize("make", [
    partial(HMLSTM, 4, 1), lambda: numpy_hm_lstm.shapes(3, SETTINGS | {"layers": 1}),
    lambda: numpy_hm_lstm.zero_states(SETTINGS | {"layers": 1}),
])
def test_one_layer_alone_is_refused_in_a_line(make):
    with pytest.raises(ConfigError) as error:
        make()
    assert str(error.value) == "a multiscale net must have at least 2 layers, not 1"


# Ways to go on


@BOTH
def test_candidates_of_a_game_share_its_memory(settings):
    rng, params = np.random.default_rng(6), float32(drawn_params(settings["layer_norm"]))
    kernel, bias = numpy_hm_lstm.driven(params, settings)
    xs, states = rng.normal(size=(B, 6, F)).astype("f4"), states_of(sequence()[1])
    shared = jax.tree.map(lambda a: a[:, None], states)
    said, after = numpy_hm_lstm.step(xs @ kernel + bias, shared, params, settings, NUMPY)
    assert said.shape == (B, 6, N)
    assert [part.shape for part in after[-1]] == [(B, 6, N), (B, 6, N), (B, 6, 0)]
    for b in range(B):
        for p in range(6):
            alone, state = numpy_hm_lstm.step(
                xs[b, p] @ kernel + bias, jax.tree.map(lambda a, b=b: a[b], states), params,
                settings, NUMPY)
            np.testing.assert_allclose(said[b, p], alone, atol=1e-6)
            assert_same(jax.tree.map(lambda a, b=b, p=p: a[b, p], after), state, atol=1e-6)


def test_a_state_may_be_one_for_all_sequences():
    xs, before = sequence()
    params, states = float32(drawn_params(True)), states_of(before)
    first = jax.tree.map(lambda a: a[0], states)
    repeated = jax.tree.map(lambda a: np.stack([a] * B), first)
    run = scanned(True)
    assert_same(run(params, float32(xs), first), run(params, float32(xs), repeated), atol=1e-6)


def test_a_sequence_may_be_cut_anywhere():
    xs, before = sequence()
    params, xs = float32(drawn_params(True)), float32(xs)
    run = scanned(True)
    whole, last, ends = run(params, xs, states_of(before))
    first, states, some = run(params, xs[: T // 2], states_of(before))
    # Written and read: the parts are plain arrays.
    states = tuple(State(*map(np.array, state)) for state in states)
    second, states, others = run(params, xs[T // 2 :], states)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    assert (np.concatenate([some, others]) == ends).all()
    assert_same(states, last, atol=1e-6)


def test_states_at_first_are_zero_of_the_shapes_that_come_back():
    xs, _ = sequence()
    states = numpy_hm_lstm.zero_states(SETTINGS, B)
    _, visited = walked(SETTINGS, float32(drawn_params(False)), float32(xs), states)
    assert jax.tree.map(np.shape, states) == jax.tree.map(np.shape, visited[-1])
    assert all((part == 0).all() for state in states for part in state)
    made = HMLSTM(N, L).zero_states(B)
    assert jax.tree.map(np.shape, made) == jax.tree.map(np.shape, states)


def test_numpy_needs_no_jax():
    assert heavy_after("import agent.nets.numpy_hm_lstm") == []
