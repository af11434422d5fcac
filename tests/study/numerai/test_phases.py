"""The facts and the phase of a position, on positions that a player would name so."""

from __future__ import annotations

import numpy as np
import pytest

from engine.board import flip, start, validate
from study.numerai.phases import FACTS, PHASES, RULES, facts, phases


def board(mine: dict[int, int], theirs: dict[int, int]) -> np.ndarray:
    """Return int8[2, 25] of checkers by each player's own points, 25 the bar."""
    made = np.zeros((2, 25), np.int8)
    for row, side in zip(made, (mine, theirs), strict=True):
        for point, count in side.items():
            row[point - 1] = count
    return validate(made)


def fact(position: np.ndarray, name: str) -> list[float]:
    return facts(position[None])[0, :, FACTS.index(name)].tolist()


def test_the_start_is_counted_rightly():
    expected = {"pips": 167, "blots": 0, "points made": 4, "home points": 1, "prime": 1,
                "anchors": 1, "back": 2, "bar": 0, "off": 0}
    for name, count in expected.items():
        assert fact(start(), name) == [count, count]


def test_facts_count_blots_the_bar_and_what_is_off():
    position = board({25: 1, 24: 1, 6: 2, 3: 1}, {20: 2, 21: 3, 2: 1})
    assert fact(position, "blots") == [2, 1]
    assert fact(position, "bar") == [1, 0] and fact(position, "back") == [2, 5]
    assert fact(position, "anchors") == [0, 2] and fact(position, "home points") == [1, 0]
    assert fact(position, "off") == [10, 9] and fact(position, "points made") == [1, 2]


@pytest.mark.parametrize(("theirs", "length"), [
    # Five points in a row from my 4 to my 8; their checker on my 3-point must pass them all.
    ({22: 2}, 5),
    ({25: 1}, 5),
    # On my 9-point it stands past all of them.
    ({16: 2}, 0),
    ({}, 0),
])
def test_a_prime_is_what_a_checker_of_the_opponent_must_still_pass(theirs, length):
    position = board({4: 2, 5: 2, 6: 2, 7: 2, 8: 2}, theirs)
    assert fact(position, "prime")[0] == length


def test_a_prime_counts_only_the_points_before_the_last_checker():
    # Their last checker stands on my 6-point, between my points: three of them are before it.
    position = board({3: 2, 4: 2, 5: 2, 7: 2, 8: 2, 9: 2}, {19: 2})
    assert fact(position, "prime")[0] == 3


HOME = {6: 5, 5: 4, 4: 3, 3: 3}
NAMED = {
    "opening": board({24: 2, 13: 4, 8: 3, 6: 4, 7: 1, 5: 1}, {24: 2, 13: 5, 8: 3, 6: 5}),
    "backgame": board({24: 2, 22: 2, 13: 4, 8: 3, 6: 4},
                      {13: 2, 8: 3, 7: 3, 6: 3, 5: 2, 4: 2}),
    "prime": board({8: 2, 7: 2, 6: 3, 5: 2, 4: 2, 13: 4}, {24: 2, 13: 4, 8: 4, 6: 3, 3: 2}),
    "blitz": board({13: 2, 11: 1, 8: 2, 6: 4, 5: 2, 4: 2, 24: 2},
                   {25: 1, 23: 1, 13: 4, 8: 4, 6: 5}),
    "holding game": board({20: 2, 13: 3, 8: 3, 6: 4, 5: 3}, {13: 3, 8: 3, 6: 5, 3: 2, 4: 2}),
    "middle game": board({24: 2, 13: 3, 10: 2, 8: 2, 6: 4, 4: 2},
                         {20: 2, 13: 3, 9: 2, 8: 2, 6: 4, 3: 2}),
    "race": board({7: 1, 6: 5, 5: 4, 4: 5}, {10: 2, 6: 5, 5: 4, 3: 4}),
    "bear-off": board(HOME, {6: 2, 2: 3}),
}


@pytest.mark.parametrize("name", PHASES)
def test_a_position_is_of_the_phase_that_a_player_would_name(name):
    position = NAMED[name]
    assert PHASES[phases(position[None])[0]] == name
    # Whoever is on roll.
    assert PHASES[phases(flip(position)[None])[0]] == name


def test_every_phase_has_a_rule():
    assert set(RULES) == set(PHASES) == set(NAMED)


def test_a_second_anchor_without_being_behind_is_no_backgame():
    ahead = board({24: 2, 22: 2, 6: 5, 5: 3, 4: 3}, {13: 5, 8: 5, 24: 1, 23: 4})
    assert PHASES[phases(ahead[None])[0]] != "backgame"


def test_a_blitz_needs_an_opponent_without_anchor():
    anchored = NAMED["blitz"].copy()
    anchored[1] = 0
    anchored[1, [19, 12, 7, 5]] = [2, 4, 4, 5]
    assert PHASES[phases(anchored[None])[0]] != "blitz"


def test_no_positions_have_no_phases():
    none = np.zeros((0, 2, 25), np.int8)
    assert phases(none).shape == (0,) and facts(none).shape == (0, 2, len(FACTS))
