"""What is a race, and how soon stragglers leave the opponent's home board."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engine.board import has_contact
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.race import STRAGGLERS, far_index, is_race, stragglers
from tests.engine.positions import START, pos, random_game


@pytest.mark.parametrize(("text", "race"), [
    ("6:2 / 6:2", True), ("13:15 / 11:15", True), ("13:15 / 13:15", False), (START, False),
    ("24:1 / bar:1", False), ("bar:1 / 1:1", False), ("23:1 / 1:15", True), ("3:1 / ", False),
    (" / 3:1", False)])
def test_a_race_is_without_contact_and_not_over(text, race):
    assert bool(is_race(pos(text))) == bool(is_race(jnp.asarray(pos(text)))) == race


def test_races_of_games_are_those_without_contact():
    boards = np.stack([board for seed in range(8) for board, _ in random_game(seed)])
    races = is_race(boards)
    assert np.array_equal(races, ~has_contact(boards)) and 10 < races.sum() < len(races)


def far(text):
    return int(far_index(pos(f"{text} / ")[0]))


def chance(text):
    return stragglers()[far(text)]


def least(sides):
    """Return the least mean number of rolls to leave, by brute force over points 19-24."""

    @cache
    def mean(side):
        if not side:
            return 0.0
        return 1 + sum(w * min(mean(after) for after in plays(side, roll))
                       for roll, w in zip(ROLLS.tolist(), ROLL_WEIGHTS, strict=True))

    def plays(side, roll):
        high, low = roll
        orders = [[high] * 4] if high == low else [[high, low], [low, high]]
        found = set()
        for dice in orders:
            reached = {side}
            for die in dice:
                reached = {move(s, i, die) for s in reached for i in range(len(s))} | (
                    {()} if () in reached else set())
            found |= reached
        return found

    def move(side, i, die):
        rest = side[:i] + side[i + 1:]
        to = side[i] - die
        return tuple(sorted(rest + ((to,) if to > 0 else ())))

    return mean(tuple(sorted(sides)))


@pytest.mark.parametrize("places", [(1,), (6,), (6, 6), (3, 5), (1, 1, 4), (2, 6, 6, 6)])
def test_stragglers_leave_as_soon_as_brute_force_finds(places):
    text = " ".join(f"{18 + p}:{places.count(p)}" for p in sorted(set(places)))
    assert chance(text).sum() == pytest.approx(least(places), abs=1e-5)


def test_nobody_has_left_who_is_not_there():
    assert far("18:3 1:2") == 0 and not chance("18:3").any()


def test_from_the_ace_point_six_pips_are_needed():
    # By all rolls but 11, 21, 31, 32 and 41.
    assert chance("24:1")[0] == 1 and chance("24:1")[1] == pytest.approx(9 / 36, abs=1e-6)


def test_any_large_die_leaves_whoever_stands_behind():
    # 65 takes one checker from the 24-point and one from the 19-point, in either way.
    assert chance("24:1 19:1")[1] < 1 and chance("19:2")[1] == 0


def test_more_than_can_be_told_apart_are_taken_for_the_worst():
    many = chance(f"24:{STRAGGLERS}")
    assert np.array_equal(chance(f"24:{STRAGGLERS + 3}"), many)
    assert (many >= stragglers()).all() or many.sum() == stragglers().sum(-1).max()


def test_rows_are_found_on_the_device_too():
    sides = np.stack([pos(t)[0] for t in ("24:2 20:1 / ", "6:15 / ", "19:1 13:4 / ")])
    found = jax.jit(lambda s: far_index(s, jnp))(sides)
    assert np.array_equal(found, far_index(sides))
