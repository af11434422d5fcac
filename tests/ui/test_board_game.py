"""One game at the board: what a player has done in it so far."""

import numpy as np

from engine.board import flip, start
from engine.game import MatchState
from engine.plays import plays
from engine.transcript import Turn
from ui.board_game import Game, seen_by


def test_the_past_of_a_player_is_what_he_found_and_what_he_left():
    board, turns, expected = start(), [], ([], [])
    for player, roll in ((1, (3, 1)), (0, (6, 5)), (1, (4, 2)), (0, (5, 5))):
        found = seen_by(board, player)
        play = plays(found, *roll)[-1]
        turns.append(Turn(player, "play", roll, play))
        board = seen_by(play.board, player)
        # What is left is seen by the other, who is on roll.
        expected[player].append((found, flip(play.board)))
        turns.append(Turn(1 - player, "double", value=2))
    game = Game(MatchState(), start(), board, 1, turns=tuple(turns))
    for player in (0, 1):
        past = game.past(player)
        assert len(past) == 2
        for mine, others in zip(past, expected[player], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True))
    assert Game(MatchState(), start(), start()).past(0) == ()
