"""Random plays of batches: always legal, every after-position as likely as any other.

Few shapes are used, because each costs seconds of compiling.
"""

from __future__ import annotations

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from engine.afterstates import all_afterstates, random_afterstates
from engine.dice import roll_batch
from engine.plays import afterstates_of, plays
from tests.engine.positions import START, pos, random_game
from tests.engine.weird import weird_boards

LARGE, SMALL, ROUNDS = 2048, 8, 256
CLOSED_OUT = "bar:1 6:5 / 1:2 2:2 3:2 4:2 5:2 6:2"
# Fifteen blots with nobody in their way.
SCATTERED = "24:1 22:1 20:1 18:1 17:1 16:1 15:1 14:1 13:1 12:1 11:1 10:1 9:1 8:1 7:1 / bar:15"

draw = jax.jit(random_afterstates)


@jax.jit
def draw_in_tiny_chunks(key, boards, dice):
    """Return int8[ROUNDS, SMALL, 2, 25]; the pairs of a double are counted three at a time."""
    def once(one):
        return random_afterstates(one, boards, dice, pair_chunk=3)

    return lax.map(once, jax.random.split(key, ROUNDS))


def copies(position, roll, size=LARGE):
    """Return boards and dice: one turn, many times."""
    return (np.repeat(pos(position)[None], size, 0),
            np.full((size, 2), [int(die) for die in roll], np.int8))


def drawn(position, roll, *keys):
    """Return the plays drawn, int[draws], as numbers of the legal ones, and how many those are."""
    legal = afterstates_of(pos(position), *map(int, roll))
    after = [np.asarray(draw(jax.random.key(k), *copies(position, roll))) for k in keys]
    return numbers(np.concatenate(after), legal), len(legal)


def numbers(after, legal):
    number = {one.tobytes(): i for i, one in enumerate(legal)}
    return np.array([number[one.tobytes()] for one in after])


def chi_square(found, cases):
    """Return the statistic of equally likely cases and its quantile 1 - 1e-4.

    The keys are fixed, so a right program passes always or never: one that is right fails in the
    five tests below with a chance of 5e-4, once.
    """
    counts = np.bincount(found, minlength=cases)
    expected, df = len(found) / cases, cases - 1
    assert expected >= 5, "too few draws for the test"
    # Wilson and Hilferty's approximation of the quantile.
    limit = df * (1 - 2 / (9 * df) + 3.72 * np.sqrt(2 / (9 * df))) ** 3
    return float(np.sum((counts - expected) ** 2) / expected), float(limit)


@pytest.fixture(scope="module")
def mixed():
    """Return turns of games and of weird positions, half and half."""
    games = [turn for seed in range(20) for turn in random_game(seed)][:LARGE // 2]
    rng = np.random.default_rng(3)
    boards = np.concatenate([np.stack([board for board, _ in games]),
                             weird_boards(rng, LARGE // 2)])
    dice = np.concatenate([[roll for _, roll in games], roll_batch(rng, LARGE // 2)])
    return boards, dice.astype(np.int8)


def plays_of(after, owner):
    return {(int(o), one.tobytes()) for o, one in zip(owner, after, strict=True)}


# Legal


def test_every_play_drawn_is_legal(mixed):
    legal = plays_of(*all_afterstates(*mixed))
    for key in range(6):
        after = np.asarray(draw(jax.random.key(key), *mixed))
        assert after.shape == (LARGE, 2, 25) and after.dtype == np.int8
        assert plays_of(after, np.arange(LARGE)) <= legal


def test_the_order_of_the_dice_means_nothing(mixed):
    boards, dice = mixed
    one, other = (draw(jax.random.key(1), boards, d) for d in (dice, dice[:, ::-1]))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("position", "roll", "moves"), [
    pytest.param(CLOSED_OUT, "66", 0, id="a double that cannot enter"),
    pytest.param(CLOSED_OUT, "61", 0, id="a roll that cannot enter"),
    pytest.param("24:1 / 7:2 6:2", "65", 0, id="blocked"),
    pytest.param("24:1 / 7:2", "66", 0, id="a double that is blocked"),
    pytest.param("24:1 / 13:2", "66", 1, id="one move of four"),
    pytest.param("24:1 23:1 / 13:2 14:2", "66", 2, id="two of four"),
    pytest.param("18:1 9:3 5:2 1:1 / 13:15", "66", 3, id="three of four"),
    pytest.param("13:1 12:1 11:1 5:3 / bar:1 24:2", "66", 3, id="three of four at the edge"),
])
def test_where_there_is_one_play_or_none_it_is_made(position, roll, moves):
    """A double whose four moves cannot all be made leads to one position: all others were made."""
    boards, dice = copies(position, roll)
    only, = plays(boards[0], *dice[0].tolist())
    assert len(only.moves) == moves
    assert (draw(jax.random.key(1), boards, dice) == only.after).all()


def test_tiny_chunks_draw_legal_plays_too(mixed):
    doubles = np.flatnonzero(mixed[1][:, 0] == mixed[1][:, 1])
    # Short and long games, the weird ones last; and one turn that is no double.
    at = np.concatenate([doubles[[0, 5, 40, -40, -20, -5, -1]], [0]])
    boards, dice = mixed[0][at], mixed[1][at]
    assert dice[-1, 0] != dice[-1, 1]
    legal = plays_of(*all_afterstates(boards, dice))
    found = np.asarray(draw_in_tiny_chunks(jax.random.key(1), boards, dice))
    assert plays_of(found.reshape(-1, 2, 25), np.tile(np.arange(SMALL), ROUNDS)) <= legal


# Random


def test_equal_keys_draw_equal_plays_and_others_do_not(mixed):
    one, again, other = (np.asarray(draw(jax.random.key(k), *mixed)) for k in (5, 5, 6))
    assert np.array_equal(one, again)
    assert (one != other).any((1, 2)).mean() > 0.5


@pytest.mark.parametrize(("position", "roll", "moves", "count", "keys"), [
    pytest.param(START, "31", 2, 16, 2, id="a roll"),
    pytest.param(START, "11", 4, 42, 2, id="a double"),
    pytest.param("24:2 13:3 8:4 6:4 4:2 / 24:2 13:5 8:3 6:5", "22", 4, 104, 2, id="many plays"),
    pytest.param(SCATTERED, "33", 4, 1965, 6, id="two thousand plays"),
])
def test_every_after_position_is_equally_likely(position, roll, moves, count, keys):
    legal = plays(pos(position), *map(int, roll))
    assert {len(play.moves) for play in legal} == {moves} and len(legal) == count
    found, cases = drawn(position, roll, *range(keys))
    statistic, limit = chi_square(found, cases)
    assert statistic < limit


def test_tiny_chunks_leave_every_after_position_equally_likely():
    boards, dice = copies(START, "11", SMALL)
    legal = afterstates_of(boards[0], 1, 1)
    found = np.asarray(draw_in_tiny_chunks(jax.random.key(2), boards, dice)).reshape(-1, 2, 25)
    statistic, limit = chi_square(numbers(found, legal), len(legal))
    assert statistic < limit


def test_neighbours_in_a_batch_draw_apart():
    found, cases = drawn(START, "31", 7, 8)
    statistic, limit = chi_square(found[::2] * cases + found[1::2], cases**2)
    assert statistic < limit
    assert Counter(found[::2] == found[1::2])[True] < len(found) / 8


# The device


def test_the_device_draws_alone(mixed):
    key, on_device = jax.random.key(1), tuple(map(jnp.asarray, mixed))
    program = str(draw.trace(key, *on_device).jaxpr)
    assert "while" in program and "callback" not in program
    draw(key, *on_device)
    with jax.transfer_guard("disallow"):
        after = draw(key, *on_device)
    assert after.shape == (LARGE, 2, 25)
