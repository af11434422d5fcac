"""The LSTM cells: every variant by its equations, its gradients, and every way to go on."""

from functools import cache, partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets import numpy_lstm
from agent.nets.lstm import Cell, Stack, uniform
from agent.nets.numpy_lstm import State
from agent.nets.numpy_recurrent import leaves, on_leaves, with_leaves
from tests.agent.lstm_equations import (
    GATES,
    B,
    F,
    L,
    N,
    T,
    drawn,
    matrices,
    packed,
    sequence_by_equations,
)
from tests.test_imports import heavy_after

# What is asked of it


def stack_of_matrices(seed=1):
    rng = np.random.default_rng(seed)
    return [matrices(F if layer == 0 else N, rng) for layer in range(L)]


def params_of(layers, variant):
    return {f"layer{i}": packed(m, variant) for i, m in enumerate(layers)}


def states_of(variant, parts):
    """Return the states of layers of which c, y, i, f and o are given."""
    return tuple(State(c.astype("f4"), y.astype("f4"),
                       np.concatenate(gates, -1).astype("f4")[..., :3 * N * (variant == "fgr")])
                 for c, y, *gates in parts)


def sequence(seed=2):
    """Return inputs float64[T, B, F], what went before, and weights of outputs [T, B, N]."""
    rng = np.random.default_rng(seed)
    before = [tuple(drawn(rng, (B, N)) for _ in range(5)) for _ in range(L)]
    return drawn(rng, (T, B, F)), before, drawn(rng, (T, B, N))


def float32(tree):
    return jax.tree.map(lambda a: np.asarray(a, "f4"), tree)


@cache
def learnt(variant):
    """Return outputs, last states and the gradient of a weighted sum of outputs, by flax."""
    params, (xs, before, weights) = params_of(stack_of_matrices(), variant), sequence()

    def total(params):
        outputs, last = Stack(N, L, variant).apply(
            {"params": params}, float32(xs), states_of(variant, before))
        return (outputs * float32(weights)).sum(), (outputs, last)

    (_, (outputs, last)), slope = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
    return float32(outputs), float32(last), float32(slope)


@cache
def stepper(variant):
    """Return a step of a stack by flax: ``(params, x, states) -> output, states``."""
    apply = partial(Stack(N, L, variant).apply, method="step")
    return jax.jit(lambda params, x, states: apply({"params": params}, x, states))


def assert_same(found, expected, **tolerance):
    jax.tree.map(partial(np.testing.assert_allclose, **tolerance), found, expected)


# The equations


@pytest.mark.parametrize("variant", GATES)
def test_a_scan_follows_the_equations_of_its_variant(variant):
    xs, before, _ = sequence()
    outputs, last, _ = learnt(variant)
    expected, parts = sequence_by_equations(variant, stack_of_matrices(), xs, before)
    assert outputs.shape == (T, B, N) and expected.std() > 0.1
    np.testing.assert_allclose(outputs, expected, atol=3e-6)
    assert_same(last, states_of(variant, parts), atol=3e-6)


@pytest.mark.parametrize("variant", GATES)
def test_numpy_follows_them_too(variant):
    xs, before, _ = sequence()
    expected, parts = sequence_by_equations(variant, stack_of_matrices(), xs, before)
    params, states = params_of(stack_of_matrices(), variant), states_of(variant, before)
    for t in range(T):
        output, states = numpy_lstm.stack_step(float32(xs[t]), states, params, variant)
        np.testing.assert_allclose(output, expected[t], atol=3e-6)
    assert {part.dtype for state in states for part in state} == {np.dtype("f4")}
    assert_same(states, states_of(variant, parts), atol=3e-6)


@pytest.mark.parametrize("variant", GATES)
def test_single_steps_make_the_scan(variant):
    xs, before, _ = sequence()
    outputs, last, _ = learnt(variant)
    params, states = params_of(stack_of_matrices(), variant), states_of(variant, before)
    for t in range(T):
        output, states = stepper(variant)(params, float32(xs[t]), states)
        np.testing.assert_allclose(output, outputs[t], atol=1e-6)
    assert_same(states, last, atol=1e-6)


@pytest.mark.parametrize("variant", GATES)
def test_every_parameter_learns_as_differences_of_the_equations_say(variant):
    xs, before, weights = sequence()
    slope = learnt(variant)[2]
    # Each matrix of each layer in turn is moved a little in a random direction.
    rng, moved = np.random.default_rng(3), 0
    for layer in range(L):
        flat = slope[f"layer{layer}"].values()
        assert all(np.isfinite(a).all() and (a != 0).all() for a in flat)
        for name, matrix in stack_of_matrices()[layer].items():
            way, sums = rng.normal(size=matrix.shape), []
            for sign in (1e-5, -1e-5):
                layers = stack_of_matrices()
                layers[layer][name] = matrix + sign * way
                outputs, _ = sequence_by_equations(variant, layers, xs, before)
                sums.append((outputs * weights).sum())
            # The same direction in the arrays of the cell.
            only = {n: way if n == name else np.zeros_like(m) for n, m in layers[layer].items()}
            along = packed(only, variant)
            found = sum((slope[f"layer{layer}"][n] * a).sum() for n, a in along.items())
            np.testing.assert_allclose(found, (sums[0] - sums[1]) / 2e-5, rtol=1e-3, atol=2e-4)
            moved += any(a.any() for a in along.values())
    gates = len(GATES[variant])
    assert moved == L * (3 * (1 + gates) + gates * (variant != "np") + 9 * (variant == "fgr"))


# Variants of each other


def moved(variant, change):
    """Return what a vanilla stack becomes whose matrices are changed, and the variant's own."""
    xs, before, _ = sequence()
    plain, changed = stack_of_matrices(), stack_of_matrices()
    for m in changed:
        change(m)
    outputs = []
    for name, layers in (("vanilla", changed), (variant, plain)):
        states, params = states_of(name, before), params_of(layers, name)
        for x in float32(xs):
            output, states = numpy_lstm.stack_step(x, states, params, name)
        outputs.append(output)
    return outputs


@pytest.mark.parametrize(("variant", "gate"), [("nig", "i"), ("nfg", "f"), ("nog", "o")])
def test_a_gate_that_is_not_there_is_one_that_is_open(variant, gate):
    pinned, without = moved(variant, lambda m: m.update({f"b_{gate}": m[f"b_{gate}"] + 99}))
    np.testing.assert_allclose(pinned, without, atol=1e-6)


def test_without_peepholes_is_with_peepholes_of_zero():
    pinned, without = moved("np", lambda m: m.update({f"p_{g}": np.zeros(N) for g in "ifo"}))
    np.testing.assert_allclose(pinned, without, atol=1e-6)


def test_coupled_gates_are_forget_gates_with_the_opposite_of_all_weights():
    def opposite(m):
        m.update({f"{kind}_f": -m[f"{kind}_i"] for kind in "WRbp"})

    pinned, coupled = moved("cifg", opposite)
    np.testing.assert_allclose(pinned, coupled, atol=1e-6)


def test_without_peepholes_is_the_cell_of_flax():
    m, (xs, before, _) = stack_of_matrices()[0], sequence()
    theirs = {}
    for their, our in zip("gifo", "zifo", strict=True):
        theirs[f"i{their}"] = {"kernel": m[f"W_{our}"]}
        theirs[f"h{their}"] = {"kernel": m[f"R_{our}"], "bias": m[f"b_{our}"]}
    theirs, ours = {"params": float32(theirs)}, {"params": packed(m, "np")}
    state, = states_of("np", before[:1])
    carry = state.cell, state.output
    for x in float32(xs):
        carry, output = nn.LSTMCell(N).apply(theirs, carry, x)
        state = Cell(N, "np").apply(ours, x, state)
        assert_same((state.cell, state.output, state.output), (*carry, output), atol=1e-6)


# As it is made


@pytest.mark.parametrize(("variant", "count"), [
    ("vanilla", lambda f, n: 4 * (f * n + n * n + n) + 3 * n),
    ("nig", lambda f, n: 3 * (f * n + n * n + n) + 2 * n),
    ("nfg", lambda f, n: 3 * (f * n + n * n + n) + 2 * n),
    ("nog", lambda f, n: 3 * (f * n + n * n + n) + 2 * n),
    ("niaf", lambda f, n: 4 * (f * n + n * n + n) + 3 * n),
    ("noaf", lambda f, n: 4 * (f * n + n * n + n) + 3 * n),
    ("np", lambda f, n: 4 * (f * n + n * n + n)),
    ("cifg", lambda f, n: 3 * (f * n + n * n + n) + 2 * n),
    ("fgr", lambda f, n: 4 * (f * n + n * n + n) + 3 * n + 9 * n * n),
])
def test_a_stack_has_the_parameters_of_its_variant(variant, count):
    stack = Stack(80, 3, variant)
    made = jax.eval_shape(stack.init, jax.random.key(1), jnp.zeros((T, B, 198)),
                          stack.zero_state(B))["params"]
    found = {f"{layer}/{name}": a.shape for layer, m in made.items() for name, a in m.items()}
    assert found == numpy_lstm.stack_shapes(198, 80, 3, variant)
    assert sum(np.prod(s) for s in found.values()) == count(198, 80) + 2 * count(80, 80)


def test_all_variants_are_tested():
    assert tuple(numpy_lstm.VARIANTS) == tuple(GATES)


def test_parameters_may_be_drawn_evenly_about_zero():
    found = np.asarray(uniform(0.1)(jax.random.key(1), (80, 320)))
    assert found.dtype == np.float32 and found.min() >= -0.1 and found.max() <= 0.1
    # As many in each of ten parts.
    parts, _ = np.histogram(found, 10, (-0.1, 0.1))
    np.testing.assert_allclose(parts, 2560, rtol=0.1)


def test_each_kind_of_parameter_is_drawn_as_told():
    one, two, three = (nn.initializers.constant(v) for v in (1.0, 2.0, 3.0))
    stack = Stack(N, L, "fgr", kernel_init=one, peephole_init=two, bias_init=three)
    init = jax.jit(stack.init)
    made = init(jax.random.key(1), jnp.zeros((1, B, F)), stack.zero_state(B))["params"]
    assert len(made) == L
    for layer in made.values():
        assert {name: (float(a.min()), float(a.max())) for name, a in layer.items()} == {
            "input": (1, 1), "recurrent": (1, 1), "gate_recurrent": (1, 1), "peephole": (2, 2),
            "bias": (3, 3)}


@pytest.mark.parametrize("make", [
    partial(Cell, 4), partial(Stack, 4, 2), partial(numpy_lstm.shapes, 3, 4),
    partial(numpy_lstm.zero_state, 4),
])
def test_a_variant_that_is_not_there_is_told_in_a_line_that_names_the_nine(make):
    with pytest.raises(ConfigError) as error:
        make("lstm")
    assert str(error.value) == ("variant must be one of vanilla, nig, nfg, nog, niaf, noaf, np, "
                                "cifg, fgr, not 'lstm'")


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan")])
@pytest.mark.parametrize("name", ["keep", "keep_ends"])
def test_what_is_kept_is_a_share(name, share):
    with pytest.raises(ConfigError, match=f"^{name} must be above 0 and at most 1, not .*$"):
        Stack(4, **{name: share})


# Dropout


def start_of(layers):
    """Return parameters and first states of a stack, of one game."""
    states = states_of("vanilla", sequence()[1][:layers])
    return (params_of(stack_of_matrices()[:layers], "vanilla"),
            jax.tree.map(lambda a: a[:1], states))


def undropped(layers, xs):
    """Return the outputs and last states of a stack without dropout."""
    (params, states), outputs = start_of(layers), []
    for x in xs:
        output, states = numpy_lstm.stack_step(x, states, params, "vanilla")
        outputs.append(output)
    return np.stack(outputs), states


def dropped(layers, xs, train=True, **keep):
    """Return those of one with dropout."""
    params, states = start_of(layers)
    run = jax.jit(partial(Stack(N, layers, **keep).apply, train=train))
    return run({"params": params}, xs, states, rngs={"dropout": jax.random.key(1)})


def test_dropout_at_the_ends_leaves_what_is_recurrent():
    # Inputs of zero are what they are, dropped or not.
    xs = np.zeros((200, 1, F), "f4")
    (outputs, last), (plain, expected) = dropped(1, xs, keep_ends=0.5), undropped(1, xs)
    assert_same(last, expected, atol=1e-5)
    shares = np.asarray(outputs / plain).round(2)
    assert set(np.unique(shares)) == {0, 2}
    # Anew at every step and of every unit.
    np.testing.assert_allclose(shares.mean((0, 1)), 1, atol=0.3)
    assert len(np.unique(shares[:, 0], axis=0)) == 2**N


def test_dropout_at_the_ends_drops_inputs_too():
    outputs, last = dropped(1, np.full((T, 1, F), 5, "f4"), keep_ends=1e-9)
    assert (outputs == 0).all()
    assert_same(last, undropped(1, np.zeros((T, 1, F), "f4"))[1], atol=1e-5)


def test_dropout_between_layers_leaves_the_first_one():
    xs = np.ones((9, 1, F), "f4")
    (outputs, last), (plain, expected) = dropped(2, xs, keep=0.5), undropped(2, xs)
    assert_same(last[0], expected[0], atol=1e-5)
    assert (np.abs(outputs - plain) > 1e-4).any((1, 2)).all()


def test_only_training_drops():
    xs = np.ones((T, 1, F), "f4")
    assert_same(dropped(2, xs, train=False, keep=0.5, keep_ends=0.5), undropped(2, xs), atol=1e-5)


# Ways to go on


@pytest.mark.parametrize("variant", ["vanilla", "fgr"])
def test_a_state_that_was_saved_continues_exactly(variant, tmp_path):
    xs, before, _ = sequence()
    xs, params = float32(xs), params_of(stack_of_matrices(), variant)
    ways = {"numpy": lambda x, s: numpy_lstm.stack_step(x, s, params, variant),
            "flax": lambda x, s: stepper(variant)(params, x, s)}
    for name, step in ways.items():
        states = states_of(variant, before)
        for x in xs[:2]:
            _, states = step(x, states)
        np.savez(tmp_path / name, *leaves(states))
        for x in xs[2:]:
            expected, states = step(x, states)
        with np.load(tmp_path / f"{name}.npz") as file:
            again = with_leaves(states, [file[name] for name in file.files])
        for x in xs[2:]:
            output, again = step(x, again)
        assert (np.asarray(output) == np.asarray(expected)).all(), name
        assert_same(again, states, rtol=0, atol=0)


@pytest.mark.parametrize("variant", GATES)
def test_a_thousand_games_are_a_thousand_single_games(variant):
    rng, params = np.random.default_rng(4), params_of(stack_of_matrices(), variant)
    xs = rng.normal(size=(3, 1000, F)).astype("f4")
    states = numpy_lstm.zero_states(N, L, variant, 1000)
    for x in xs:
        outputs, states = numpy_lstm.stack_step(x, states, params, variant)
    for game in range(0, 1000, 37):
        alone = numpy_lstm.zero_states(N, L, variant)
        for x in xs[:, game]:
            output, alone = numpy_lstm.stack_step(x, alone, params, variant)
        np.testing.assert_allclose(output, outputs[game], atol=1e-6)
        assert_same(alone, jax.tree.map(lambda a, game=game: a[game], states), atol=1e-6)


@pytest.mark.parametrize("variant", ["cifg", "fgr"])
def test_a_state_may_be_one_for_all_sequences(variant):
    xs, before, _ = sequence()
    params = {"params": params_of(stack_of_matrices(), variant)}
    first = jax.tree.map(lambda a: a[0], states_of(variant, before))
    repeated = jax.tree.map(lambda a: np.stack([a] * B), first)
    run = jax.jit(Stack(N, L, variant).apply)
    assert_same(run(params, float32(xs), first), run(params, float32(xs), repeated), atol=1e-6)


@pytest.mark.parametrize("variant", ["nig", "fgr"])
@pytest.mark.parametrize("way", ["numpy", "flax"])
def test_a_candidate_is_a_step_from_the_memory_and_only_the_chosen_one_is_remembered(variant, way):
    params, carried = params_of(stack_of_matrices(), variant), states_of(variant, sequence()[1])
    untouched = jax.tree.map(np.copy, carried)
    x = np.random.default_rng(5).normal(size=(B, 6, F)).astype("f4")

    def step(x, states):
        if way == "numpy":
            return numpy_lstm.stack_step(x, states, params, variant)
        return stepper(variant)(params, x, states)

    outputs, after = step(x, on_leaves(lambda a: a[:, None], carried))
    assert outputs.shape == (B, 6, N)
    chosen = np.array([4, 1])
    for candidate in range(6):
        alone, states = step(x[:, candidate], carried)
        np.testing.assert_allclose(outputs[:, candidate], alone, atol=1e-6)
        assert_same(on_leaves(lambda a, at=candidate: a[:, at], after), states, atol=1e-6)
    _, states = step(x[np.arange(B), chosen], carried)
    assert_same(on_leaves(lambda a: a[np.arange(B), chosen], after), states, atol=1e-6)
    assert_same(carried, untouched, rtol=0, atol=0)


def test_a_step_in_numpy_does_not_wait_for_jax():
    code = """
import numpy as np
from agent.nets import numpy_lstm as lstm
params = {"layer0": {k: np.ones(s, "f4") for k, s in lstm.shapes(3, 4, "fgr").items()}}
output, _ = lstm.stack_step(np.ones((5, 3), "f4"), lstm.zero_states(4, 1, "fgr"), params, "fgr")
assert output.shape == (5, 4)
"""
    assert heavy_after(code) == []
