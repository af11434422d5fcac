"""Tesauro's 198 inputs: where each unit stands and what it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.features import FEATURE_SETS, feature_set, tesauro198
from engine import packed
from engine.board import flip, start
from tests.engine.positions import pos
from tests.engine.weird import weird_boards

BAR, OFF, OPPONENT, TURN = 96, 97, 98, 196


def units(x, point: int, opponent: bool = False):
    """Return the four units of a point, 1 to 24 from that side's own view."""
    first = 4 * (point - 1) + OPPONENT * opponent
    return x[first:first + 4].tolist()


def scalar_inputs(board):
    """Return the inputs one at a time, as the book describes them."""
    x = []
    for side in board.tolist():
        for n in side[:24]:
            x += [float(n >= 1), float(n >= 2), float(n >= 3), (n - 3) / 2 if n > 3 else 0.0]
        x += [side[24] / 2, (15 - sum(side)) / 15]
    return [*x, 1.0, 0.0]


def test_the_starting_position_by_hand():
    x = tesauro198(start())
    assert x.shape == (198,) and x.dtype == np.float32
    # 24:2 lights two units, 13:5 four (the last is (5 - 3) / 2 = 1), 8:3 three, 6:5 four.
    assert set(x.tolist()) == {0.0, 1.0}
    assert x.sum() == 2 * (2 + 4 + 3 + 4) + 1
    for opponent in (False, True):
        assert units(x, 24, opponent) == [1, 1, 0, 0]
        assert units(x, 13, opponent) == [1, 1, 1, 1]
        assert units(x, 8, opponent) == [1, 1, 1, 0]
        assert units(x, 6, opponent) == [1, 1, 1, 1]
    assert x[TURN:].tolist() == [1, 0]


@pytest.mark.parametrize("opponent", [False, True])
@pytest.mark.parametrize(("n", "expected"), [
    (0, [0, 0, 0, 0]), (1, [1, 0, 0, 0]), (2, [1, 1, 0, 0]), (3, [1, 1, 1, 0]),
    (4, [1, 1, 1, 0.5]), (5, [1, 1, 1, 1]), (6, [1, 1, 1, 1.5]), (15, [1, 1, 1, 6]),
])
def test_the_units_of_a_point(n, expected, opponent):
    board = pos(f"5:{n} / bar:1" if n else "bar:1 / bar:1")
    x = tesauro198(flip(board) if opponent else board)
    assert units(x, 5, opponent) == expected
    lit = np.delete(x[:TURN], np.r_[BAR:OPPONENT, OPPONENT + BAR:TURN])
    assert lit.sum() == sum(expected)


def test_bar_and_off():
    x = tesauro198(pos("bar:3 6:2 / 6:12 bar:1"))
    assert x[BAR] == 1.5 and x[OFF] == np.float32(10 / 15)
    assert x[OPPONENT + BAR] == 0.5 and x[OPPONENT + OFF] == np.float32(2 / 15)
    x = tesauro198(pos("1:1 / "))
    assert x[OPPONENT + OFF] == 1 and not x[OPPONENT:OPPONENT + OFF].any()


def test_turned_around_the_sides_change_places(positions):
    x, turned = tesauro198(positions[0]), tesauro198(flip(positions[0]))
    assert (turned[:, :OPPONENT] == x[:, OPPONENT:TURN]).all()
    assert (turned[:, OPPONENT:TURN] == x[:, :OPPONENT]).all()
    assert (turned[:, TURN:] == [1, 0]).all()


def test_every_position_is_encoded_as_the_book_says(positions):
    expected = np.array([scalar_inputs(board) for board in positions[0]], np.float32)
    assert (tesauro198(positions[0]) == expected).all()


def test_leading_axes_are_kept(positions):
    boards = positions[0][:12]
    grid = tesauro198(boards.reshape(3, 4, 2, 25))
    assert grid.shape == (3, 4, 198)
    assert (grid.reshape(12, 198) == tesauro198(boards)).all()
    assert tesauro198(boards[:0]).shape == (0, 198)


def test_jax_says_the_same(positions):
    boards = np.concatenate([positions[0], [pos("1:1 / "), pos("bar:15 / bar:15")]])
    found = jax.jit(lambda b: tesauro198(b, jnp))(jnp.asarray(boards))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, tesauro198(boards), rtol=1e-6)


def test_feature_sets_are_known_by_name():
    for name, features in FEATURE_SETS.items():
        assert feature_set(name) is features and features.name == name
        assert features.encode(start()).shape == (features.size,)
    with pytest.raises(KeyError, match="tesauro198-v1"):
        feature_set("tesauro198-v0")


# The same, one input a row


def packed_of(boards):
    return packed.pack(jnp.asarray(boards, jnp.int8))


@pytest.fixture(scope="module")
def any_boards(positions):
    """Return positions of games, weird ones and finished games, int8[1024, 2, 25]."""
    rng = np.random.default_rng(4)
    over = [pos("1:1 / "), pos("bar:15 / "), pos("24:15 / "), pos(" / 6:2")]
    boards = [*positions[0], *over, pos("bar:15 / bar:15"), pos("6:15 / 6:15")]
    return np.concatenate([boards, weird_boards(rng, 1024 - len(boards))])


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_rows_are_the_inputs_reordered_and_scaled(any_boards, name):
    features = feature_set(name)
    x = features.encode(any_boards)
    rows = np.asarray(features.columns(packed_of(any_boards), jnp.float32))
    again = np.tile(features.constant, (len(any_boards), 1))
    again[:, features.order] += (rows * features.scale.astype(np.float32)[:, None]).T
    np.testing.assert_allclose(again, x, rtol=1e-6)
    # Each input once: as a row or as a constant.
    held = np.flatnonzero(features.constant)
    assert not set(held) & set(features.order)
    assert len(features.order) == len(set(features.order)) == len(rows) == len(features.scale)
    missing = set(range(features.size)) - set(features.order) - set(held)
    assert not x[:, sorted(missing)].any()


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_rows_are_whole_numbers_that_bfloat16_holds(any_boards, name):
    words = packed_of(any_boards)
    rows = {dtype: np.asarray(feature_set(name).columns(words, dtype).astype(jnp.float32))
            for dtype in (jnp.float32, jnp.bfloat16)}
    exact = rows[jnp.float32]
    assert feature_set(name).columns(words, jnp.bfloat16).dtype == jnp.bfloat16
    # The first 196 rows count checkers, any further ones are chances.
    counted = exact[:196]
    assert (counted == np.round(counted)).all() and counted.min() >= 0 and counted.max() <= 256
    assert (rows[jnp.bfloat16][:196] == counted).all()
    assert np.allclose(rows[jnp.bfloat16], exact, rtol=2 ** -8, atol=1e-6)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_a_folded_first_layer_gives_the_same_sums(any_boards, name):
    features = feature_set(name)
    rng = np.random.default_rng(5)
    kernel = rng.normal(0, 0.2, (features.size, 16)).astype(np.float32)
    bias = rng.normal(size=16).astype(np.float32)
    expected = features.encode(any_boards) @ kernel + bias
    folded, constant = features.fold(kernel, bias)
    assert folded.dtype == constant.dtype == np.float32
    rows = np.asarray(features.columns(packed_of(any_boards), jnp.float32))
    assert folded.shape == (16, len(rows)) and constant.shape == (16,)
    np.testing.assert_allclose((folded @ rows + constant[:, None]).T, expected, atol=1e-5)
