"""Results of games, and the score of a match from game to game."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.board import start
from engine.errors import EngineError
from engine.game import MatchState, result, results
from tests.engine.positions import boards, pos, random_game

# In an after-position the loser is on roll: the winner's side, after the "/", is empty.


def test_the_game_goes_on_while_the_mover_has_checkers():
    assert result(start()) == 0
    assert result(pos("23:15 / 1:1")) == 0
    assert result(pos("23:15 / bar:1")) == 0


@given(boards())
def test_no_position_with_checkers_of_both_sides_is_over(board):
    assert result(board) == 0


@pytest.mark.parametrize(("loser", "points"), [
    ("1:1", 1), ("bar:14", 1), ("24:14", 1),
    ("1:15", 2), ("18:15", 2), ("6:10 18:5", 2),
    ("19:1 6:14", 3), ("24:1 6:14", 3), ("bar:1 6:14", 3), ("bar:15", 3),
])
def test_a_gammon_is_no_checker_off_and_a_backgammon_one_still_in_the_winners_home(loser, points):
    assert result(pos(f"{loser} / ")) == points


def test_results_of_a_batch():
    batch = np.stack([start(), pos("1:1 / "), pos("1:15 / "), pos("bar:1 1:14 / ")])
    assert results(batch).tolist() == [0, 1, 2, 3]
    assert results(batch).dtype == np.int8
    assert results(batch.reshape(2, 2, 2, 25)).shape == (2, 2)


def test_random_games_come_to_an_end():
    lengths = [sum(1 for _ in random_game(seed)) for seed in range(5)]
    assert min(lengths) > 20 and max(lengths) < 1000


# Matches


def test_a_new_state_is_money_with_the_cube_in_the_middle():
    state = MatchState()
    assert (state.length, state.score, state.cube, state.cube_owner) == (0, (0, 0), 1, None)
    assert not (state.over or state.crawford or state.jacoby)
    assert state.winner is None and state.away == (0, 0)


def test_points_are_multiplied_by_the_cube_which_then_goes_back_to_the_middle():
    after = MatchState(length=11, cube=4, cube_owner=1).add_game(2, 1)
    assert after == MatchState(length=11, score=(0, 8))
    assert after.away == (11, 3)


def test_the_match_is_over_when_the_length_is_reached():
    after = MatchState(length=5, score=(3, 4)).add_game(3, 0)
    assert after.over and after.winner == 0 and after.score == (6, 4)
    assert after.away == (0, 1)
    with pytest.raises(EngineError, match="is over"):
        after.add_game(1, 0)


def test_money_play_never_ends():
    assert not MatchState(score=(99, 0)).add_game(3, 0).over


def test_only_the_game_after_a_player_comes_within_one_point_is_the_crawford_game():
    state = MatchState(length=5, score=(2, 0)).add_game(2, 0)
    assert state.score == (4, 0) and state.crawford
    state = state.add_game(1, 1)
    assert state.score == (4, 1) and not state.crawford
    state = state.add_game(3, 1)
    assert state.score == (4, 4) and not state.crawford


def test_a_game_that_does_not_reach_one_away_is_no_reason_for_crawford():
    assert not MatchState(length=5).add_game(3, 0).crawford
    assert not MatchState().add_game(1, 0).crawford
    assert not MatchState(length=5, score=(2, 0)).add_game(3, 0).crawford


def test_with_jacoby_gammons_count_only_after_a_double():
    assert MatchState(jacoby=True).add_game(3, 0).score == (1, 0)
    assert MatchState(jacoby=True, cube=2, cube_owner=0).add_game(3, 1).score == (0, 6)
    assert MatchState(length=7, jacoby=True).add_game(2, 0).score == (2, 0)


@pytest.mark.parametrize("wrong", [
    {"length": -1}, {"score": (-1, 0)}, {"cube": 3}, {"cube": 0}, {"cube_owner": 2},
    {"crawford": True}, {"length": 5, "score": (3, 0), "crawford": True},
])
def test_states_that_cannot_be_are_refused(wrong):
    with pytest.raises(EngineError):
        MatchState(**wrong)


@pytest.mark.parametrize(("points", "winner"), [(0, 0), (4, 1), (1, 2), (1, -1)])
def test_games_that_cannot_be_are_refused(points, winner):
    with pytest.raises(EngineError):
        MatchState(length=3).add_game(points, winner)


@given(st.integers(1, 15), st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1)), max_size=40))
def test_every_match_has_at_most_one_crawford_game_and_one_winner(length, games):
    state, crawford_games = MatchState(length=length), 0
    for points, winner in games:
        if state.over:
            break
        state = state.add_game(points, winner)
        crawford_games += state.crawford
        assert state.crawford <= (1 in state.away)
    assert crawford_games <= 1
    assert state.over == (max(state.score) >= length) == (0 in state.away)
