"""The inputs that count rolls: against every legal play, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import tactics
from agent.features import feature_set
from engine import packed
from engine.board import flip, has_contact
from engine.plays import plays
from tests.engine.positions import pos, random_game
from tests.engine.weird import weird_boards

FEATURES = feature_set("tactics224-v1")
HIT, HIT_HOME, ESCAPE, FULL, PRIME_2, CLOSED, OFF_10 = 0, 1, 2, 3, 4, 9, 10
LEAD, RACE = 24, 25


def units(board):
    """Return the 26 inputs of a board."""
    return FEATURES.encode(board)[198:]


def some_boards(n=150):
    """Return positions of games and weird ones."""
    met = [board for seed in range(20) for board, _ in random_game(seed)]
    chosen = np.random.default_rng(3).choice(len(met), n, replace=False)
    return np.concatenate([np.stack([met[i] for i in chosen]),
                           weird_boards(np.random.default_rng(4), n // 3)])


def rolls_that(board, wanted):
    """Return the share of the 36 rolls with a legal play in which some move is wanted."""
    count = 0
    for a in range(1, 7):
        for b in range(1, a + 1):
            if any(wanted(move) for play in plays(board, a, b) for move in play.moves):
                count += 1 if a == b else 2
    return count / 36


def test_the_chance_of_a_hit_is_that_of_the_legal_plays():
    boards = some_boards()
    found = FEATURES.encode(boards)[:, 198:]
    some = 0
    for board, x in zip(boards, found, strict=True):
        assert x[HIT] == pytest.approx(rolls_that(board, lambda m: m.hit), abs=1e-6)
        home = rolls_that(board, lambda m: m.hit and m.target >= 18)
        assert x[HIT_HOME] == pytest.approx(home, abs=1e-6)
        some += 0 < x[HIT] < 1
    assert some > 40


def test_the_opponents_chances_are_those_of_the_turned_board():
    for board in some_boards(30):
        mine, turned = units(board), units(flip(board))
        side = tactics.A_SIDE
        assert np.array_equal(mine[:side], turned[side:2 * side])
        assert np.array_equal(mine[side:2 * side], turned[:side])
        assert mine[LEAD] == pytest.approx(-turned[LEAD], abs=1e-7)
        assert mine[RACE] == turned[RACE]


def test_a_race_is_a_position_without_contact():
    boards = some_boards(300)
    assert np.array_equal(FEATURES.encode(boards)[:, -1] == 1, ~has_contact(boards))


def test_the_rearmost_checker_escapes_from_behind_a_prime_with_a_six_only():
    # Our last checker on its 24-point, the opponent holds our 18 to 22 (his 3 to 7).
    x = units(pos("24:1 1:14 / 3:3 4:3 5:3 6:3 7:3"))
    # The checker must reach 23 with a 1 and then leap with a 6: 24-23 is free, 23-17 is past.
    # A 6 alone lands on 18, which is made.
    assert x[ESCAPE] == pytest.approx(2 / 36)
    assert x[FULL] == pytest.approx(2 / 36)


def test_a_rearmost_checker_with_nothing_ahead_always_escapes():
    assert units(pos("24:1 2:14 / 24:15"))[ESCAPE] == 1


def test_primes_count_before_the_opponents_rearmost_checker_only():
    wall = "4:3 5:3 6:3 7:3 8:3"
    trapped, past = units(pos(f"{wall} / 24:1 1:14")), units(pos(f"{wall} / 12:15"))
    assert trapped[PRIME_2:PRIME_2 + 5].tolist() == [1, 1, 1, 1, 0]
    assert past[PRIME_2:PRIME_2 + 5].tolist() == [0] * 5
    barred = units(pos("1:2 2:2 3:2 4:2 5:2 6:2 7:3 / bar:1 12:14"))
    assert barred[PRIME_2:PRIME_2 + 5].tolist() == [1] * 5


def test_closed_points_keep_a_checker_on_the_bar():
    assert units(pos("1:2 2:2 3:2 12:9 / 20:15"))[CLOSED] == pytest.approx(0.25)
    assert units(pos("1:2 2:2 3:2 4:2 5:2 6:2 / bar:1"))[CLOSED] == 1


@pytest.mark.parametrize(("off", "expected"), [(0, [0, 0]), (5, [0, 0]), (8, [0.6, 0]),
                                               (10, [1, 0]), (14, [1, 0.8])])
def test_how_far_the_bearing_off_has_come(off, expected):
    x = units(pos(f"1:{15 - off} / 20:15"))
    assert x[OFF_10:OFF_10 + 2].tolist() == pytest.approx(expected)


def test_packed_columns_are_the_same():
    boards = some_boards(300)
    rows = FEATURES.encode(boards)
    kernel = np.random.default_rng(5).normal(size=(FEATURES.size, 8)).astype(np.float32)
    folded, bias = FEATURES.fold(kernel, np.zeros(8, np.float32))
    columns = jax.jit(lambda b: FEATURES.columns(packed.pack(b), jnp.float32))(jnp.asarray(boards))
    assert columns.shape == (len(FEATURES.order), len(boards))
    assert np.allclose(rows @ kernel, (folded @ np.asarray(columns)).T + bias, atol=1e-4)
    assert np.allclose(np.asarray(columns)[196:].T, rows[:, 198:], atol=1e-6)


def test_any_number_of_boards_is_encoded():
    board = some_boards(4)[0]
    assert FEATURES.encode(board).shape == (224,)
    assert FEATURES.encode(np.stack([[board, board]] * 3)).shape == (3, 2, 224)
    assert FEATURES.encode(board[None][:0]).shape == (0, 224)
