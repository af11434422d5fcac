"""The bear-off tables: against GNU Backgammon's, and against brute force."""

from __future__ import annotations

import functools
import gzip
import json
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engine import bearoff, bearoff_build
from engine.bearoff import Bearoff, covers
from engine.bearoff_build import ALL_ON, POSITIONS, index, moves, positions
from engine.board import start
from engine.dice import ROLLS
from engine.ids import decode_positions
from engine.plays import afterstates_of
from tests.engine.positions import DATA, pos

WAYS = [2 - (high == low) for high, low in ROLLS.tolist()]


@pytest.fixture(scope="module")
def tables():
    return bearoff.build()


@pytest.fixture(scope="module")
def some_boards():
    """Return 2,000 covered boards, of 1 to 15 checkers a side."""
    rng = np.random.default_rng(3)
    sides = [rng.integers(1, POSITIONS, (1400, 2)), rng.integers(1, 924, (300, 2)),
             rng.integers(ALL_ON, POSITIONS, (300, 2))]
    sides[2][:, 0] = rng.integers(1, 84, 300)
    boards = np.zeros((2000, 2, 25), np.int8)
    boards[..., :6] = positions()[np.concatenate(sides)]
    return boards


@functools.cache
def of_gnu_backgammon():
    """Return the boards of bearoff-dev.json, what is true of them, and which are two-sided."""
    records = json.loads((DATA / "bearoff-dev.json").read_text())["positions"]
    truth = np.array([[r["win"], r["win_gammon"], 0, r["lose_gammon"], 0] for r in records])
    two_sided = np.array([r["kind"] == "two-sided" for r in records])
    return decode_positions([r["id"] for r in records]), truth, two_sided


@functools.cache
def after(side, roll):
    """Return every side that a roll leads to, checkers on points 1-6, by the reference of plays."""
    board = np.zeros((2, 25), np.int8)
    board[0, :6], board[1, 0] = side, 1
    return {tuple(one[1, :6].tolist()) for one in afterstates_of(board, *ROLLS[roll].tolist())}


def mean_over(of_roll):
    return Fraction(sum(n * of_roll(roll) for roll, n in enumerate(WAYS)), 36)


@functools.cache
def least_mean(side, goal):
    """Return the least mean number of rolls to have no more than so many checkers left."""
    if sum(side) <= goal:
        return Fraction(0)

    def still_to_come(roll):
        found = after(side, roll)
        done = any(sum(to) <= goal for to in found)
        return 0 if done else min(least_mean(to, goal) for to in found)

    return 1 + mean_over(still_to_come)


@functools.cache
def best_chance(mine, theirs):
    """Return the chance to win of the player on roll when both play best."""
    if not any(theirs):
        return Fraction(0)
    return mean_over(lambda roll: max(
        1 - best_chance(theirs, to) for to in after(mine, roll)))


def up_to(checkers):
    return [tuple(side) for side in positions()[:bearoff_build.count_up_to(checkers)].tolist()]


def side(text):
    return pos(f"{text} / 1:1")


def test_every_position_has_its_number():
    counts = positions()
    assert counts.shape == (54264, 6) and counts.min() == 0
    assert (index(counts) == np.arange(POSITIONS)).all()
    assert (np.diff(counts.sum(-1)) >= 0).all()
    assert len(np.unique(counts, axis=0)) == POSITIONS


def test_the_number_is_the_same_in_jax_and_of_whole_boards():
    counts = positions()[::7].astype(np.int8)
    rows = np.pad(counts, ((0, 0), (0, 19)))
    numbers = jax.jit(lambda rows: index(rows, jnp))(rows)
    assert numbers.dtype == jnp.int32
    assert (np.asarray(numbers) == index(rows)).all() and (index(rows) == index(counts)).all()


def test_moves_are_those_of_the_rules_and_lead_to_lower_numbers():
    table = moves()
    assert ((table < np.arange(POSITIONS)) | (table == POSITIONS))[:, :, 1:].all()
    everywhere = index(np.array([1, 0, 2, 0, 1, 0]))
    to = {die: [positions()[n].tolist() for n in table[die - 1, :, everywhere] if n < POSITIONS]
          for die in (2, 5, 6)}
    assert to == {2: [[2, 0, 1, 0, 1, 0], [1, 0, 3, 0, 0, 0]], 5: [[1, 0, 2, 0, 0, 0]],
                  6: [[1, 0, 2, 0, 0, 0]]}


def test_two_sided_chances_are_those_of_gnu_backgammon(tables):
    boards, truth, two_sided = of_gnu_backgammon()
    assert two_sided.sum() == 100
    assert np.abs(tables.outcomes(boards[two_sided]) - truth[two_sided]).max() < 4e-5


def test_one_sided_chances_are_those_of_gnu_backgammon(tables):
    # GNU rounds every distribution to 16 bits before it makes the next from it. Rounding in the
    # same way comes within 8e-6 of all 100; the exact tables differ by what that rounding does,
    # 1.005e-4 in the worst of these positions and 2.4e-5 in the next.
    boards, truth, two_sided = of_gnu_backgammon()
    difference = np.abs(tables.outcomes(boards[~two_sided]) - truth[~two_sided]).max(-1)
    assert len(difference) == 100
    assert np.sort(difference)[-2] < 3e-5 and difference.max() < 1.01e-4


def test_gammons_are_those_of_gnu_backgammon(tables):
    with gzip.open(DATA / "positions-dev.jsonl.gz", "rt") as lines:
        records = [json.loads(line) for line in lines][1:]
    found = [one for record in records for one in record["cand"]]
    boards, truth = decode_positions([one[0] for one in found]), np.array([one[3] for one in found])
    covered = covers(boards)
    boards, truth = boards[covered], truth[covered]
    assert ((truth[:, 1] > 0) & (truth[:, 1] < 1)).sum() > 20
    np.testing.assert_allclose(tables.outcomes(boards)[:, 1:], truth[:, 1:], rtol=0, atol=1e-5)


@pytest.mark.parametrize("text, first_roll, mean", [
    ("1:1", 1, 1),
    ("1:2", 1, 1),
    ("6:1", 27 / 36, 45 / 36),
    ("1:4", 6 / 36, 66 / 36),
    ("6:2", 4 / 36, None),
])
def test_chances_that_can_be_counted_by_hand(tables, text, first_roll, mean):
    board = side(text)
    chance = tables.outcomes(board)
    # One checker on the 1-point bears off at once: only the first roll counts.
    assert chance[0] == pytest.approx(first_roll, abs=1e-7)
    rolls = tables.mean_rolls(board)
    assert rolls[1] == 1 and (mean is None or rolls[0] == pytest.approx(mean, abs=1e-6))


def test_the_two_sided_chance_is_that_of_best_play_by_both(tables):
    sides = up_to(3)[1:]
    numbers = index(np.array(sides))
    truth = np.array([[float(best_chance(a, b)) for b in sides] for a in sides])
    assert truth.shape == (83, 83)
    np.testing.assert_allclose(tables.two_sided[np.ix_(numbers, numbers)], truth, atol=1e-7)


def test_the_one_sided_mean_is_the_least_there_is(tables):
    sides = up_to(4) + [(0, 0, 0, 0, 3, 3), (3, 1, 0, 2, 1, 1)]
    truth = [float(least_mean(one, 0)) for one in sides]
    means = tables.still_on[index(np.array(sides))].sum(-1)
    np.testing.assert_allclose(means, truth, rtol=0, atol=1e-6)


def test_the_first_checker_is_off_in_the_least_mean_number_of_rolls(tables):
    sides = [(0, 0, 0, 0, 0, 15), (0, 0, 0, 0, 15, 0), (0, 0, 0, 13, 2, 0), (0, 0, 6, 0, 6, 3)]
    chances = tables.none_off[index(np.array(sides))]
    for one, chance in zip(sides[1:], chances[1:], strict=True):
        assert chance.sum() == pytest.approx(float(least_mean(one, 14)), abs=1e-6), one
    # From the 6-point: any 6, 5-1, 4-2, 3-3 and 2-2 make 17 of 36.
    assert chances[0, :2].tolist() == pytest.approx([1, 19 / 36])


def test_distributions_sum_to_one(tables):
    for chances, begin in ((tables.still_on, 1), (tables.none_off, ALL_ON)):
        assert (chances[:begin] == 0).all()
        assert (chances[begin:, 0] == 1).all() and (chances[:, -1] == 0).all()
        assert (np.diff(chances, axis=-1) <= 0).all()


def test_one_sided_chances_are_near_the_exact_ones(tables):
    still = tables.still_on[1:924].astype(np.float64)
    raced = (still[:, :-1] - still[:, 1:]) @ still[:, :-1].T
    error = tables.two_sided[1:, 1:] - raced
    assert error.max() == pytest.approx(0.0139, abs=5e-5)
    assert error.min() == pytest.approx(-0.0118, abs=5e-5)
    assert np.abs(error).mean() == pytest.approx(0.0009, abs=5e-5)


def test_outcomes_are_cumulative_chances_without_backgammons(tables, some_boards):
    outcomes = tables.outcomes(some_boards)
    assert outcomes.dtype == np.float32 and outcomes.shape == (2000, 5)
    win, win_gammon, win_backgammon, lose_gammon, lose_backgammon = outcomes.T
    assert (outcomes >= 0).all() and (win <= 1).all()
    assert (win_gammon <= win).all() and (lose_gammon <= 1 - win).all()
    assert not win_backgammon.any() and not lose_backgammon.any()
    gammonish = (some_boards.sum(-1) == 15).any(-1)
    assert not win_gammon[~gammonish].any() and not lose_gammon[~gammonish].any()
    assert win_gammon[1700:].min() > 0


def test_gammons_are_won_when_no_checker_is_borne_off_in_time(tables):
    # Two rolls at most, or one for the side that has none off: 19/36 is its chance to miss.
    miss, everything = 19 / 36, "6:15"
    assert tables.outcomes(pos(f"1:2 / {everything}"))[1] == 1
    assert tables.outcomes(pos(f"1:4 / {everything}"))[1] == pytest.approx(6 / 36 + 30 / 36 * miss)
    assert tables.outcomes(pos(f"{everything} / 1:2"))[3] == pytest.approx(miss)
    two_misses = tables.none_off[-1, 2]
    assert tables.outcomes(pos(f"{everything} / 1:4"))[3] == pytest.approx(
        6 / 36 * miss + 30 / 36 * two_misses)
    assert not tables.outcomes(pos("6:14 / 1:2"))[3]


def test_jax_says_what_numpy_says(tables, some_boards):
    on_device = jax.tree.map(jnp.asarray, tables)
    assert isinstance(on_device, Bearoff)
    jitted = jax.jit(lambda tables, boards: (
        tables.outcomes(boards, jnp), tables.mean_rolls(boards, jnp), covers(boards)))
    outcomes, means, covered = jitted(on_device, some_boards)
    assert outcomes.dtype == jnp.float32
    np.testing.assert_allclose(outcomes, tables.outcomes(some_boards), rtol=0, atol=1e-6)
    np.testing.assert_allclose(means, tables.mean_rolls(some_boards), rtol=1e-6)
    assert np.asarray(covered).all() and not covers(jnp.asarray(start()))


def test_any_shape_of_batch_will_do(tables, some_boards):
    whole = tables.outcomes(some_boards)
    assert (tables.outcomes(some_boards.reshape(40, 50, 2, 25)).reshape(-1, 5) == whole).all()
    assert (tables.outcomes(some_boards[7]) == whole[7]).all()
    assert tables.outcomes(some_boards[:0]).shape == (0, 5)


@pytest.mark.parametrize("text, yes", [
    ("6:15 / 6:15", True),
    ("1:1 / 1:1", True),
    ("1:1 3:2 / 6:2", True),
    ("7:1 / 6:2", False),  # a checker outside
    ("6:2 / 7:1 1:1", False),
    ("6:2 / bar:1 1:1", False),
    ("24:1 / 6:2", False),  # contact
    (" / 6:2", False),  # finished
    ("6:2 / ", False),
])
def test_the_tables_cover_games_in_which_all_checkers_are_home(tables, text, yes):
    assert covers(pos(text)) == yes == tables.covers(pos(text))


def test_covers_takes_batches():
    batch = np.stack([start(), pos("6:2 / 6:2"), pos("6:2 / ")])
    assert covers(batch).tolist() == [False, True, False]
    assert covers(batch.reshape(3, 1, 2, 25)).shape == (3, 1)
