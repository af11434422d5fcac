"""TD(lambda): tables worked out by hand, and the two views of the traces."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import td
from agent.features import tesauro198
from agent.nets import numpy_mlp
from agent.outcome import equity, is_over, terminal
from engine.game import results
from engine.plays import afterstates_of
from tests.agent.conftest import FIRST
from tests.agent.oracle import seen_by_first

INPUTS, OUTCOMES, SLOTS, PLIES = 3, 5, 3, 40


_direction = jax.jit(td.direction, static_argnums=0)
_carry_traces = jax.jit(td.carry_traces, static_argnums=0)


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


def segment(observations, delta, over) -> td.Segment:
    return td.Segment(*map(jnp.asarray, (observations, delta, over)))


# By hand


def linear(theta, x):
    return (theta @ x)[None]


def one_ply(value, theta, traces, x, target, alpha, lam, over):
    """Make the textbook's update for one game; return (delta, theta, traces)."""
    delta = np.asarray(target(theta) - value(theta, jnp.asarray(x)))
    ply = segment(np.array([[x]], np.float32), delta[None, None], np.array([[over]]))
    step = _direction(value, theta, traces, ply, lam)
    traces = _carry_traces(value, theta, traces, ply, lam)
    return delta, td.ascend(theta, step, alpha), traces


def test_two_plies_of_a_linear_function_by_hand():
    x1, x2, won = [1.0, 0.0], [1.0, 2.0], jnp.ones(1)
    alpha = lam = 0.5
    theta = jnp.array([0.5, 0.25])
    traces = td.zero_traces(theta, 1, 1)
    assert traces.shape == (1, 1, 2) and not traces.any()

    # V(x1) = 0.5, V(x2) = 1; e = grad V(x1).
    delta, theta, traces = one_ply(
        linear, theta, traces, x1, lambda p: linear(p, jnp.array(x2)), alpha, lam, over=False)
    assert delta.tolist() == [0.5]
    assert traces.tolist() == [[[1.0, 0.0]]]
    assert theta.tolist() == [0.75, 0.25]

    # V(x2) = 1.25 by now, the outcome is 1; e = (1, 0) / 2 + (1, 2) = (1.5, 2).
    delta, theta, carried = one_ply(
        linear, theta, traces, x2, lambda p: won, alpha, lam, over=True)
    assert delta.tolist() == [-0.25]
    assert theta.tolist() == [0.5625, 0.0]
    assert carried.tolist() == [[[0.0, 0.0]]]

    # The same ply in the midst of a game would leave that trace.
    ply = segment(np.array([[x2]], np.float32), np.zeros((1, 1, 1)), np.array([[False]]))
    assert _carry_traces(linear, theta, traces, ply, lam).tolist() == [[[1.5, 2.0]]]


def test_each_outcome_has_its_own_trace_and_gradients_are_those_of_the_parameters_now():
    def value(theta, x):
        return jnp.stack([theta * x[0], theta**2 * x[0]])  # gradients: x, 2 theta x

    theta, alpha, lam = jnp.float32(1), 0.25, 0.5
    traces = td.zero_traces(theta, 1, 2)
    # V = (1, 1), told (3, 0): delta = (2, -1), e = (1, 2), delta e = 0.
    delta, theta, traces = one_ply(
        value, theta, traces, [1.0], lambda p: jnp.array([3.0, 0.0]), alpha, lam, over=False)
    assert (delta.tolist(), traces.tolist(), float(theta)) == ([2.0, -1.0], [[1.0, 2.0]], 1.0)
    # V = (2, 2), told (3, 4): delta = (1, 2), e = (.5, 1) + (2, 4), delta e = 2.5 + 10.
    delta, theta, traces = one_ply(
        value, theta, traces, [2.0], lambda p: jnp.array([3.0, 4.0]), alpha, lam, over=False)
    assert (delta.tolist(), traces.tolist()) == ([1.0, 2.0], [[2.5, 5.0]])
    assert float(theta) == 1 + 0.25 * 12.5


def test_games_of_a_batch_add_up_and_do_not_touch_each_other():
    theta, lam = jnp.array([0.5, 0.25]), 0.5
    traces = jnp.array([[[8.0, 0.0]], [[0.0, 4.0]]])
    ply = segment(np.array([[[1, 0], [1, 2]]], np.float32),
                  np.array([[[0.5], [2.0]]], np.float32), np.array([[False, True]]))
    # e = (5, 0) and (1, 4).
    assert _direction(linear, theta, traces, ply, lam).tolist() == [2.5 + 2, 8.0]
    assert _carry_traces(linear, theta, traces, ply, lam).tolist() == [[[5.0, 0.0]], [[0.0, 0.0]]]


def test_errors_are_credited_backwards_within_a_game_only():
    delta = jnp.array([1.0, 2.0, 4.0, 8.0])[:, None, None]
    over = jnp.array([False, True, False, False])[:, None]
    credited = td.credited_errors(delta, over, 0.5)[:, 0, 0]
    assert credited.tolist() == [1 + 0.5 * 2, 2.0, 4 + 0.5 * 8, 8.0]


# Forward view = backward view: many games in three slots, parameters frozen.


def mlp(params, x):
    h = jnp.tanh(x @ params["w1"] + params["b1"])
    return jax.nn.sigmoid(h @ params["w2"] + params["b2"])


class Frozen:
    """Games of random observations, their values and gradients by the frozen parameters."""

    def __init__(self) -> None:
        rng = np.random.default_rng(11)
        shapes = {"w1": (INPUTS, 4), "b1": (4,), "w2": (4, OUTCOMES), "b2": (OUTCOMES,)}
        self.params = {k: jnp.asarray(rng.normal(size=s)) for k, s in shapes.items()}
        self.x = rng.normal(size=(PLIES, SLOTS, INPUTS))
        self.over = rng.random((PLIES, SLOTS)) < 0.12
        self.over[-1] = True
        # A game of one ply, a long one, and ends inside and at the borders of the segments.
        self.over[[0, 1, 12, 13], [0, 0, 0, 1]] = True
        self.over[15:31, 2] = False
        outcomes = rng.integers(0, 2, (PLIES, SLOTS, OUTCOMES)).astype(float)
        self.values = np.asarray(jax.vmap(jax.vmap(mlp, (None, 0)), (None, 0))(self.params, self.x))
        following = np.concatenate([self.values[1:], self.values[:1]])
        self.target = np.where(self.over[..., None], outcomes, following)
        self.delta = self.target - self.values
        jacobian = jax.jit(jax.vmap(jax.vmap(jax.jacrev(mlp), (None, 0)), (None, 0)))
        self.jacobian = jax.tree.map(np.asarray, jacobian(self.params, self.x))
        assert self.x.dtype == self.values.dtype == np.float64

    def games(self):
        """Yield (slot, first ply, ply after the last)."""
        for slot in range(SLOTS):
            first = 0
            for last in np.nonzero(self.over[:, slot])[0]:
                yield slot, first, last + 1
                first = last + 1

    def segment(self, first: int, plies: int) -> td.Segment:
        at = slice(first, first + plies)
        return segment(self.x[at], self.delta[at], self.over[at])


@pytest.fixture
def frozen(x64) -> Frozen:
    return Frozen()


def lambda_return(values, end, lam, t):
    """Return G_t^lambda of a game by its definition (Sutton & Barto 2018, 12.3)."""
    last = len(values) - t
    n_step = [values[t + n] if n < last else end for n in range(1, last + 1)]
    weights = [(1 - lam) * lam ** (n - 1) for n in range(1, last)] + [lam ** (last - 1)]
    return sum(w * g for w, g in zip(weights, n_step, strict=True))


def forward_view(games: Frozen, lam: float):
    total = jax.tree.map(lambda p: np.zeros(p.shape), games.params)
    for slot, first, end in games.games():
        values = games.values[first:end, slot]
        for t in range(end - first):
            error = lambda_return(values, games.target[end - 1, slot], lam, t) - values[t]
            total = jax.tree.map(
                lambda s, g, at=(first + t, slot), error=error: s + np.tensordot(error, g[at], 1),
                total, games.jacobian)
    return total


def traces_by_definition(games: Frozen, lam: float):
    """Yield what e_t of each slot and outcome is after each ply; zero after the end of a game."""
    e = jax.tree.map(lambda g: np.zeros(g.shape[1:]), games.jacobian)
    for t in range(PLIES):
        e = jax.tree.map(lambda e, g, t=t: lam * e + g[t], e, games.jacobian)
        for leaf in e.values():
            leaf[games.over[t]] = 0
        yield e


def backward_view(games: Frozen, lam: float, plies: int):
    """Return the sum of the directions of all segments and the traces after each."""
    total = jax.tree.map(jnp.zeros_like, games.params)
    traces, seen = td.zero_traces(games.params, SLOTS, OUTCOMES), []
    for first in range(0, PLIES, plies):
        part = games.segment(first, plies)
        step = _direction(mlp, games.params, traces, part, lam)
        traces = _carry_traces(mlp, games.params, traces, part, lam)
        total = jax.tree.map(jnp.add, total, step)
        seen.append(traces)
    return total, seen


def assert_same_tree(a, b) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-11), a, b)


@pytest.mark.parametrize("plies", [1, 2, 5, 8])
def test_backward_view_is_the_forward_view(frozen, plies):
    for lam in (0.0, 0.3, 0.7, 1.0):
        assert_same_tree(backward_view(frozen, lam, plies)[0], forward_view(frozen, lam))


@pytest.mark.parametrize("plies", [1, 2, 5, 8])
def test_traces_are_those_of_the_definition_whatever_the_length_of_segments(frozen, plies):
    for lam in (0.0, 0.7, 1.0):
        expected = list(traces_by_definition(frozen, lam))
        _, seen = backward_view(frozen, lam, plies)
        for n, traces in enumerate(seen, 1):
            assert_same_tree(traces, expected[n * plies - 1])


@pytest.mark.parametrize("plies", [1, 5])
def test_traces_are_exactly_zero_after_the_end_of_a_game_and_only_then(frozen, plies):
    _, seen = backward_view(frozen, 0.7, plies)
    over = frozen.over[plies - 1::plies]
    assert over.any() and not over.all()
    for ended, traces in zip(over, seen, strict=True):
        for leaf in traces.values():
            assert ((leaf == 0).all(tuple(range(1, leaf.ndim))) == ended).all()


@pytest.mark.parametrize("plies", [2, 8])
def test_one_long_segment_is_many_short_ones(frozen, plies):
    """Segments of T plies against T of one, from traces that are not zero."""
    lam = 0.7
    _, seen = backward_view(frozen, lam, 8)
    traces = before = seen[1]
    part = frozen.segment(16, plies)
    total = jax.tree.map(jnp.zeros_like, frozen.params)
    for t in range(16, 16 + plies):
        step = _direction(mlp, frozen.params, traces, frozen.segment(t, 1), lam)
        traces = _carry_traces(mlp, frozen.params, traces, frozen.segment(t, 1), lam)
        total = jax.tree.map(jnp.add, total, step)
    assert_same_tree(_direction(mlp, frozen.params, before, part, lam), total)
    assert_same_tree(_carry_traces(mlp, frozen.params, before, part, lam), traces)


def test_without_traces_lambda_is_zero(frozen):
    part = frozen.segment(8, 8)
    zeros = td.zero_traces(frozen.params, SLOTS, OUTCOMES)
    without = _direction(mlp, frozen.params, None, part, 0.0)
    assert_same_tree(without, _direction(mlp, frozen.params, zeros, part, 0.0))
    by_hand = jax.tree.map(
        lambda g: np.tensordot(frozen.delta[8:16], g[8:16], ([0, 1, 2], [0, 1, 2])),
        frozen.jacobian)
    assert_same_tree(without, by_hand)


# The point of view: real games of backgammon, seen by the player who made the first roll.


def seen_by_first_recorded(played, boards, side):
    """Return V for side 0 of boards [T, B], by the NumPy net, exact where the game is over."""
    net = numpy_mlp.apply(played.params, tesauro198(boards))
    value = np.where(is_over(boards)[..., None], terminal(boards), net)
    turned = [seen_by_first(v, s) for v, s in
              zip(value.reshape(-1, 5), side.ravel(), strict=True)]
    return np.reshape(turned, value.shape)


def deltas_again(played):
    """Return V_{t+1} - V_t for side 0 from the boards recorded, where the game went on."""
    value = seen_by_first_recorded(played, played.boards, played.side)
    return value[1:] - value[:-1]


def test_errors_of_recorded_games_speak_for_the_player_of_the_first_roll(played):
    goes_on = ~played.over[:-1]
    assert {0, 1} == set(played.side[:-1][goes_on])
    again = deltas_again(played)
    np.testing.assert_allclose(played.delta[:-1][goes_on], again[goes_on], atol=5e-6)


def test_the_last_error_of_a_game_is_the_outcome_less_the_value(played):
    value = seen_by_first_recorded(played, played.boards, played.side)
    told = played.delta + value
    ends = np.argwhere(played.over)
    assert len(ends) >= 20 and {0, 1} == set(played.side[played.over])
    for t, slot in ends:
        after = afterstates_of(played.boards[t, slot], *played.dice[t, slot].tolist())
        won = set(results(after).tolist()) - {0}
        # The winner is who moved last; the five outcomes are certain.
        z = np.round(told[t, slot])
        np.testing.assert_allclose(told[t, slot], z, atol=5e-6)
        assert (equity(z) if played.side[t, slot] == 0 else -equity(z)) in won
    # Two games were set up to end at once, in a backgammon for side 0 and for side 1, one in a
    # gammon for side 1.
    assert [FIRST[slot][1] for slot in (0, 1, 2)] == [0, 1, 1]
    np.testing.assert_allclose(told[0, :3], [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 0]],
                               atol=5e-6)


def test_the_errors_of_a_whole_game_lead_from_the_first_value_to_the_outcome(played):
    value = seen_by_first_recorded(played, played.boards, played.side)
    for slot in range(4, played.over.shape[1]):
        end = int(np.argmax(played.over[:, slot]))
        assert played.over[end, slot]
        total = value[0, slot] + played.delta[:end + 1, slot].sum(0)
        points = 3 if played.side[end, slot] == 0 else -3
        np.testing.assert_allclose(total, np.round(total), atol=1e-4)
        assert 0 < equity(np.round(total)) / points <= 1


@pytest.mark.parametrize("mistake", ["never turned", "turned the wrong way"])
def test_a_wrong_point_of_view_would_be_seen(played, mistake):
    side = np.zeros_like(played.side) if mistake == "never turned" else 1 - played.side
    value = seen_by_first_recorded(played, played.boards, side)
    wrong = np.abs((value[1:] - value[:-1]) - played.delta[:-1])[~played.over[:-1]]
    assert wrong.max() > 0.3
