"""Dice: the 21 rolls, reading a roll, and sources of rolls."""

import numpy as np
import pytest
from scipy import stats

from engine.dice import (
    ROLL_WEIGHTS,
    ROLLS,
    ManualDice,
    SeededDice,
    opening_batch,
    parse_roll,
    roll_batch,
    validate_roll,
)
from engine.errors import DiceError, EngineError

UNLIKELY = 1e-4
GOLDEN_ROLLS = [(4, 5), (5, 2), (3, 3), (6, 6), (6, 6)]


def test_the_21_rolls_are_all_different_with_the_higher_die_first():
    assert ROLLS.shape == (21, 2) and ROLLS.dtype == np.int8
    assert len({tuple(roll) for roll in ROLLS.tolist()}) == 21
    assert (ROLLS[:, 0] >= ROLLS[:, 1]).all()
    assert ROLLS.min() == 1 and ROLLS.max() == 6


def test_a_double_is_half_as_likely_as_another_roll():
    assert ROLL_WEIGHTS.dtype == np.float64
    assert ROLL_WEIGHTS.sum() == pytest.approx(1)
    assert ROLL_WEIGHTS[ROLLS[:, 0] == ROLLS[:, 1]] == pytest.approx(np.full(6, 1 / 36))


def test_the_shared_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ROLLS[0, 0] = 2


@pytest.mark.parametrize("text", ["31", "3 1", "3-1", "3,1", "3/1", " 3 - 1 "])
def test_a_roll_is_read_in_the_order_written(text):
    assert parse_roll(text) == (3, 1)


@pytest.mark.parametrize("text", ["", "3", "07", "70", "37", "311", "3--1", "three one", "-3 1"])
def test_what_is_no_roll_is_refused(text):
    with pytest.raises(DiceError):
        parse_roll(text)


@pytest.mark.parametrize("roll", [(0, 1), (1, 7), (-1, 1), (1.0, 2), ("1", 2), (True, 2)])
def test_what_is_no_die_is_refused(roll):
    with pytest.raises(DiceError):
        validate_roll(*roll)
    assert issubclass(DiceError, EngineError)


def test_numpy_dice_become_plain_ints():
    roll = validate_roll(*ROLLS[3])
    assert roll == (3, 1) and all(type(die) is int for die in roll)


def test_the_same_seed_throws_the_same_dice():
    first, second, other = SeededDice(5), SeededDice(5), SeededDice(6)
    rolls = [first.roll() for _ in range(50)]
    assert [second.roll() for _ in range(50)] == rolls
    assert [other.roll() for _ in range(50)] != rolls


def test_seeded_dice_are_stable_from_release_to_release():
    dice = SeededDice(2026)
    assert [dice.opening(), *(dice.roll() for _ in range(4))] == GOLDEN_ROLLS


def test_all_36_ordered_rolls_are_equally_likely():
    thrown = roll_batch(np.random.default_rng(1), 36_000)
    assert thrown.dtype == np.int8 and thrown.shape == (36_000, 2)
    counts = np.bincount((thrown @ np.array([6, 1])) - 7, minlength=36)
    assert stats.chisquare(counts).pvalue > UNLIKELY


def test_seeded_rolls_one_by_one_are_fair_as_well():
    dice = SeededDice(3)
    counts = np.bincount([6 * a + b - 7 for a, b in (dice.roll() for _ in range(7_200))],
                         minlength=36)
    assert stats.chisquare(counts).pvalue > UNLIKELY


def test_all_30_opening_rolls_are_equally_likely_and_doubles_never_come():
    thrown = opening_batch(np.random.default_rng(2), 30_000)
    assert thrown.dtype == np.int8
    assert (thrown[:, 0] != thrown[:, 1]).all()
    assert thrown.min() == 1 and thrown.max() == 6
    counts = np.bincount((thrown @ np.array([6, 1])) - 7, minlength=36)
    assert stats.chisquare(counts[counts > 0]).pvalue > UNLIKELY
    assert (counts > 0).sum() == 30


def test_seeded_openings_are_never_doubles():
    dice = SeededDice(4)
    assert all(a != b for a, b in (dice.opening() for _ in range(300)))


def test_manual_dice_hand_out_what_they_were_given():
    dice = ManualDice(["31", (6, 6), "5-2"])
    assert [dice.opening(), dice.roll(), dice.roll()] == [(3, 1), (6, 6), (5, 2)]
    with pytest.raises(DiceError, match="no roll is left"):
        dice.roll()


def test_manual_dice_refuse_a_double_in_the_opening_and_bad_rolls():
    dice = ManualDice(["44", "47", (3, 9)])
    with pytest.raises(DiceError, match="double"):
        dice.opening()
    for _ in range(2):
        with pytest.raises(DiceError):
            dice.roll()
