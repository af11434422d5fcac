"""After-positions of batches: exactly those of brute force and of `engine.plays`, none left out.

Few shapes are used, because each costs seconds of compiling.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.afterstates import afterstates, all_afterstates, count_afterstates
from engine.board import start, validate
from engine.dice import roll_batch
from engine.ids import decode_positions, encode_position, encode_positions
from engine.plays import afterstates_of
from tests.engine import bruteforce, levels
from tests.engine.positions import boards as any_board
from tests.engine.positions import dice as any_die
from tests.engine.positions import movegen_records, pos, random_game
from tests.engine.weird import weird_boards

LARGE, SMALL = 2048, 8
ROOMY = 1 << 14
RANDOM_BLOCKS, WEIRD_BLOCKS = 42, 10

# Fifteen blots with nobody in their way: a double of any kind has some 1,500 to 2,000 plays.
SCATTERED = "24:1 22:1 20:1 18:1 17:1 16:1 15:1 14:1 13:1 12:1 11:1 10:1 9:1 8:1 7:1 / bar:15"
IN_A_ROW = ("24:1 23:1 22:1 21:1 20:1 19:1 18:1 17:1 16:1 15:1 14:1 13:1 12:1 11:1 10:1"
            " / bar:15")
CLOSED_OUT = "bar:1 6:5 / 1:2 2:2 3:2 4:2 5:2 6:2"
ALL_ON_THE_BAR = "bar:15 / 2:2 24:1"


def batch(*turns):
    """Return boards and dice of turns such as `(START, "31")`."""
    return (np.stack([pos(position) for position, _ in turns]),
            np.array([[int(die) for die in roll] for _, roll in turns], np.int8))


MANY_PLAYS = batch(*[(SCATTERED, 2 * die) for die in "123456"], (IN_A_ROW, "44"), (IN_A_ROW, "55"))


def of_plays(boards, dice):
    """Return what `all_afterstates` returns, by `engine.plays`."""
    found = [afterstates_of(board, *roll)
             for board, roll in zip(boards, dice.tolist(), strict=True)]
    return np.concatenate(found), np.repeat(np.arange(len(boards)), [len(one) for one in found])


def check(boards, dice, found, expected):
    """Assert that two answers hold the same after-positions, each as often, in any order."""
    (after, owner), (right, right_owner) = levels.in_order(*found), levels.in_order(*expected)
    assert after.dtype == np.int8
    counts, right_counts = (np.bincount(o, minlength=len(boards)) for o in (owner, right_owner))
    wrong = np.flatnonzero(counts != right_counts)
    if not len(wrong) and not np.array_equal(after, right):
        wrong = owner[(after != right).any((1, 2))]
    assert not len(wrong), (
        f"position {encode_position(boards[wrong[0]])} with {dice[wrong[0]]}: "
        f"{counts[wrong[0]]} after-positions, {right_counts[wrong[0]]} are right")


def check_all_three(boards, dice, found=None):
    """Assert that JAX, plays and brute force agree; return the answer of JAX."""
    after, owner = found or all_afterstates(boards, dice)
    expected = levels.after_positions(boards, dice)
    check(boards, dice, of_plays(boards, dice), expected)
    check(boards, dice, (after, owner), expected)
    assert (np.diff(owner) >= 0).all()
    return after, owner


def first_held(packed):
    """Return the boards and owners that packed after-positions hold."""
    held = min(int(packed.total), len(packed.owner))
    boards, owner = np.asarray(packed.boards), np.asarray(packed.owner)
    assert (owner[held:] == -1).all()
    return boards[:held], owner[:held]


# The oracle itself


def test_brute_force_by_levels_is_brute_force():
    games = [turn for seed in range(8) for turn in random_game(seed)][:700]
    rng = np.random.default_rng(5)
    boards = np.concatenate([np.stack([board for board, _ in games]), weird_boards(rng, 400)])
    dice = np.concatenate([[roll for _, roll in games], roll_batch(rng, 400)]).astype(np.int8)
    after, owner = levels.after_positions(boards, dice)
    compared = 0
    for n, (board, roll) in enumerate(zip(boards, dice.tolist(), strict=True)):
        found = [bruteforce.place_of(one[::-1]) for one in after[owner == n]]
        if len(found) > 150:
            continue  # the slow way would take seconds
        compared += 1
        assert len(set(found)) == len(found)
        right = bruteforce.after_positions(board, *roll)
        assert set(found) == right, (encode_position(board), roll)
    assert compared > 1000


def test_weird_positions_are_possible_and_weird():
    boards = weird_boards(np.random.default_rng(7), 10_000)
    validate(boards)
    mine = boards[:, 0]
    assert (mine[:, 24] > 3).sum() > 500
    assert ((mine[:, :24] == 1).sum(1) > 6).sum() > 200
    assert (~mine[:, 6:].any(1)).sum() > 2000
    assert (mine.sum(1) < 5).sum() > 500
    assert (mine.sum(1) == 15).sum() > 3000


# The three ways agree


def test_random_play_has_the_after_positions_of_brute_force():
    rng = np.random.default_rng(11)
    boards = np.broadcast_to(start(), (LARGE, 2, 25))
    # Every third ply is only played, to see games of all ages.
    for ply in range(RANDOM_BLOCKS * 3 // 2):
        dice = roll_batch(rng, LARGE)
        after, owner = all_afterstates(boards, dice)
        if ply % 3 < 2:
            check_all_three(boards, dice, (after, owner))
        first, end = (np.searchsorted(owner, np.arange(LARGE), side) for side in ("left", "right"))
        boards = after[rng.integers(first, end)]
        boards[~boards[:, 1].any(1)] = start()


def test_weird_positions_have_the_after_positions_of_brute_force():
    rng = np.random.default_rng(12)
    for _ in range(WEIRD_BLOCKS):
        check_all_three(weird_boards(rng, LARGE), roll_batch(rng, LARGE))


def test_a_hundred_thousand_positions_are_compared():
    assert (RANDOM_BLOCKS + WEIRD_BLOCKS) * LARGE >= 100_000
    assert WEIRD_BLOCKS * LARGE >= 10_000


def test_gnu_backgammons_after_positions_are_found():
    records = movegen_records()
    assert len(records) == 3000
    padded = [*records, *records][: 2 * LARGE]
    for block in (padded[:LARGE], padded[LARGE:]):
        boards = decode_positions([record["id"] for record in block])
        after, owner = all_afterstates(boards, np.array([record["d"] for record in block], np.int8))
        ids = encode_positions(after)
        ends = np.bincount(owner, minlength=LARGE).cumsum()
        for record, end, count in zip(block, ends, np.diff(ends, prepend=0), strict=True):
            assert sorted(ids[end - count:end]) == sorted(record["after"]), record["id"]


@settings(max_examples=25)
@given(st.lists(st.tuples(any_board(), any_die, any_die), min_size=SMALL, max_size=SMALL))
def test_any_batch_has_the_after_positions_of_brute_force(turns):
    boards = np.stack([board for board, _, _ in turns])
    dice = np.array([roll for _, *roll in turns], np.int8)
    after, owner = check_all_three(boards, dice)
    validate(after[after.any(-1).all(-1)])
    assert (after[:, 0].sum(-1) == boards[owner, 1].sum(-1)).all()


# Batches of one kind


@pytest.mark.parametrize("turns", [
    pytest.param([(SCATTERED, 2 * die) for die in "12345612"], id="doubles with many plays"),
    pytest.param([(CLOSED_OUT, roll) for roll in ("11", "66", "31", "65", "55", "21", "44", "62")],
                 id="nobody can move"),
    pytest.param([(ALL_ON_THE_BAR, roll) for roll in ("11", "22", "21", "66", "65", "52", "43",
                                                      "31")], id="fifteen on the bar"),
    pytest.param([("24:1 / 24:1", roll) for roll in ("11", "66", "31", "65", "55", "21", "44",
                                                     "62")], id="one checker each"),
])
def test_a_batch_may_be_all_of_one_kind(turns):
    boards, dice = batch(*turns)
    after, _ = check_all_three(boards, dice)
    if turns[0][0] == CLOSED_OUT:
        assert (after == boards[:, ::-1]).all()


def test_a_batch_of_one_may_have_one_play_or_two_thousand():
    for turn, count in (((CLOSED_OUT, "66"), 1), ((SCATTERED, "33"), 1965)):
        boards, dice = batch(turn)
        packed = afterstates(boards, dice, capacity=4096)
        assert int(packed.total) == count
        check(boards, dice, first_held(packed), levels.after_positions(boards, dice))


def test_counts_are_those_of_plays():
    for boards, dice in (MANY_PLAYS, batch(*[(CLOSED_OUT, "31"), (ALL_ON_THE_BAR, "11")] * 4)):
        expected = [len(afterstates_of(board, *roll))
                    for board, roll in zip(boards, dice.tolist(), strict=True)]
        counts = count_afterstates(boards, dice)
        assert counts.dtype == np.int32
        assert counts.tolist() == expected


def test_the_order_of_the_dice_means_nothing():
    rng = np.random.default_rng(13)
    boards, dice = weird_boards(rng, LARGE), roll_batch(rng, LARGE)
    for found, again in zip(all_afterstates(boards, dice), all_afterstates(boards, dice[:, ::-1]),
                            strict=True):
        assert np.array_equal(found, again)


# Capacity, chunks, memory


def test_a_small_capacity_holds_the_first_and_knows_the_total():
    boards, dice = MANY_PLAYS
    whole = afterstates(boards, dice, capacity=ROOMY)
    assert 8 * 1000 < int(whole.total) < ROOMY
    part = afterstates(boards, dice, capacity=1024)
    assert int(part.total) == int(whole.total)
    for held, first in zip(first_held(part), first_held(whole), strict=True):
        assert len(held) == 1024
        assert np.array_equal(held, first[:1024])


def test_tiny_chunks_change_nothing():
    boards, dice = MANY_PLAYS
    found = first_held(afterstates(boards, dice, capacity=ROOMY, chunk=7, pair_chunk=3))
    check(boards, dice, found, levels.after_positions(boards, dice))


def test_the_device_computes_alone():
    boards, dice = MANY_PLAYS
    program = str(afterstates.trace(boards, dice, capacity=1024).jaxpr)
    assert "while" in program and "callback" not in program
    on_device = jnp.asarray(boards), jnp.asarray(dice)
    afterstates(*on_device, capacity=1024)
    with jax.transfer_guard("disallow"):
        packed = afterstates(*on_device, capacity=1024)
    assert int(packed.total) > 1024


def test_working_memory_grows_with_the_batch_alone():
    # One program serves whatever is in the batch, so its memory cannot depend on the plays.
    for size, capacity, chunk in ((SMALL, 1024, 128), (LARGE, 1 << 16, 8192)):
        boards, dice = (jax.ShapeDtypeStruct((size, *rest), np.int8) for rest in ((2, 25), (2,)))
        program = afterstates.lower(boards, dice, capacity=capacity).compile()
        working = program.memory_analysis().temp_size_in_bytes - 54 * capacity
        assert working < 400 * size + 300 * chunk
