"""Boards packed into words: what is packed comes back, and what is read of them is on the board.

One size of batch is used, because each costs compiling.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import packed
from engine.board import start
from engine.game import results
from engine.plays import plays
from tests.engine.positions import START, dice, pos, random_game
from tests.engine.positions import boards as unfinished
from tests.engine.weird import weird_boards

SIZE = 8
BOARD = SIZE * [pos(START)]


@st.composite
def finished(draw: st.DrawFn):
    """Draw a position in which a side, the one on roll or the other, has borne everything off."""
    board = draw(unfinished()).copy()
    board[draw(st.sampled_from([0, 1]))] = 0
    return board


# Every example is of eight positions, any of which may be the last of a game.
few = settings(max_examples=40)
eight = st.lists(unfinished() | finished(), min_size=SIZE, max_size=SIZE).map(np.stack)


@jax.jit
def read(boards):
    """Return all that is read of packed boards, by name."""
    words = packed.pack(boards)
    return {
        "words": words, "unpacked": packed.unpack(words), "counts": packed.counts(words),
        "bars": packed.bars(words), "checkers": packed.checkers(words),
        "results": packed.results(words), "turned": packed.turn(words),
    }


def words_of(boards):
    """Return uint32[8, B], slot by slot as the module's first lines say."""
    words = np.zeros((packed.WORDS, len(boards)), np.uint64)
    for b, side, slot in np.argwhere(boards):
        words[4 * side + slot // 8, b] += int(boards[b, side, slot]) << 4 * (slot % 8)
    return words.astype(np.uint32)


# What is read


@few
@given(eight)
@example(np.stack([pos("bar:15 / bar:15")] * SIZE))
@example(np.stack([pos("24:15 / 24:15")] * SIZE))
@example(np.zeros((SIZE, 2, 25), np.int8))
def test_every_slot_is_four_bits_of_its_word(boards):
    words = read(boards)["words"]
    assert words.dtype == np.uint32 and words.shape == (packed.WORDS, SIZE)
    assert np.array_equal(words, words_of(boards))


@few
@given(eight)
def test_what_is_packed_comes_back(boards):
    found = read(boards)["unpacked"]
    assert found.dtype == np.int8 and np.array_equal(found, boards)


@few
@given(eight)
def test_the_checkers_are_counted(boards):
    found = read(boards)
    assert all(found[name].dtype == np.uint32 for name in ("counts", "bars", "checkers"))
    assert np.array_equal(found["counts"], np.moveaxis(boards[..., :24], 0, -1))
    assert np.array_equal(found["bars"], boards[..., 24].T)
    assert np.array_equal(found["checkers"], boards.sum(-1).T)


@few
@given(eight)
def test_the_result_is_that_of_the_game(boards):
    found = read(boards)["results"]
    assert found.dtype == np.int32 and np.array_equal(found, results(boards))


@pytest.mark.parametrize(("after", "won"), [
    ("1:1 / 1:1", 0), ("1:1 / bar:1", 0), ("24:15 / 2:1", 0), (" / 6:2", 0),
    ("1:14 / ", 1), ("24:14 / ", 1), ("bar:14 / ", 1),
    ("1:15 / ", 2), ("18:15 / ", 2), ("18:1 17:14 / ", 2),
    ("19:1 1:14 / ", 3), ("24:15 / ", 3), ("bar:1 1:14 / ", 3), ("bar:15 / ", 3),
])
def test_a_gammon_needs_all_checkers_and_a_backgammon_one_that_is_far(after, won):
    board = pos(after)
    assert results(board) == won
    assert read(np.stack([board] + BOARD[1:]))["results"].tolist() == [won] + [0] * (SIZE - 1)


@few
@given(eight)
def test_turned_the_other_player_is_on_roll(boards):
    assert np.array_equal(read(boards)["turned"], words_of(boards[:, ::-1]))


def test_many_positions_of_games_and_weird_ones_come_back():
    games = [board for seed in range(30) for board, _ in random_game(seed)][:2000]
    boards = np.concatenate([games, weird_boards(np.random.default_rng(1), 2096)])
    found = read(boards.astype(np.int8))
    assert np.array_equal(found["words"], words_of(boards))
    assert np.array_equal(found["unpacked"], boards)
    assert np.array_equal(found["results"], results(boards))


# Taking and playing


@few
@given(eight, st.lists(st.integers(0, SIZE - 1), min_size=5, max_size=5))
def test_the_boards_asked_for_are_taken(boards, index):
    words = words_of(boards)
    found = _take(words, np.array(index, np.int32))
    assert found.dtype == np.uint32 and np.array_equal(found, words[:, index])


_take = jax.jit(packed.take)


@jax.jit
def play(boards, sources, dice):
    """Make one play on each board: boards int8[B, 2, 25], sources and dice uint32[4, B]."""
    weights = np.uint32(1) << np.arange(24, dtype=np.uint32)
    blots = jnp.sum(jnp.where(boards[:, 1, 23::-1] == 1, weights, 0), axis=-1, dtype=jnp.uint32)
    return packed.unpack(packed.play(packed.pack(boards), blots, list(sources), list(dice)))


def made(turns):
    """Return the boards after plays of turns (board, Play); moves not made are moves by 0."""
    sources, pips = np.zeros((2, 4, len(turns)), np.uint32)
    for b, (_, one) in enumerate(turns):
        for i, move in enumerate(one.moves):
            sources[i, b], pips[i, b] = move.source, move.die
    return play(np.stack([board for board, _ in turns]), sources, pips)


def check(turns):
    """Assert that every play leads where the rules say it does."""
    found = made(turns)
    assert found.dtype == np.int8
    for (board, one), after in zip(turns, found, strict=True):
        assert np.array_equal(after, one.after), (board.tolist(), one.moves)


@st.composite
def turn(draw: st.DrawFn):
    """Draw a position and one of the plays of a roll in it."""
    board = draw(unfinished())
    return board, draw(st.sampled_from(plays(board, draw(dice), draw(dice))))


@few
@given(st.lists(turn(), min_size=SIZE, max_size=SIZE))
def test_a_play_leads_where_the_rules_say(turns):
    check(turns)


def one(position, moves, d1, d2):
    """Return the board and the play of a roll that makes these moves, (source, die)."""
    board = pos(position)
    return board, next(p for p in plays(board, d1, d2)
                       if sorted((m.source + 1, m.die) for m in p.moves) == sorted(moves))


def test_plays_of_every_kind_are_made():
    turns = [
        one("bar:1 6:14 / 24:15", [(25, 3), (6, 1)], 3, 1),                       # enters
        one("bar:2 / 3:1 1:1 6:13", [(25, 3), (25, 1)], 3, 1),                    # hits twice
        one("24:1 / 4:1 6:14", [(24, 3), (21, 1)], 3, 1),                         # hits on its way
        one("6:2 3:1 / 24:1", [(6, 6), (6, 5)], 6, 5),                            # bears off, hits
        one("2:2 / 24:1", [(2, 6), (2, 5)], 6, 5),                                # and the last
        one("24:4 / 6:15", [(24, 2), (22, 2), (20, 2), (18, 2)], 2, 2),           # runs
        one("bar:4 / 3:1 6:14", [(25, 3), (25, 3), (25, 3), (25, 3)], 3, 3),      # enters four
        one("bar:1 / 1:2 2:2 3:2 4:2 5:2 6:2", [], 6, 6),                         # passes
    ]
    check(turns)
    after = made(turns)
    assert after[1, 0, 24] == 2 and after[2, 0, 24] == 1 and not after[4, 1].any()
    assert np.array_equal(after[7], turns[7][0][::-1])


def test_the_plays_of_whole_games_are_made():
    turns = [(board, option) for seed in range(4) for board, roll in random_game(seed)
             for option in plays(board, *roll)][:4096]
    assert len(turns) == 4096
    check(turns)


def test_the_starting_position_has_the_words_of_its_layout():
    assert np.array_equal(words_of(start()[None])[:, 0],
                          [0x30500000, 0x00050000, 0x20000000, 0] * 2)
    assert np.array_equal(read(np.stack([start()] * SIZE))["words"][:, 0],
                          words_of(start()[None])[:, 0])
