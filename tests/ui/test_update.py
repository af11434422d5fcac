"""Playing at the board: rolls, moves, plays, ends; by events alone."""

from __future__ import annotations

import numpy as np
import pytest

from engine.board import start
from engine.game import MatchState
from engine.plays import Play, plays
from engine.transcript import Transcript
from tests.engine.positions import pos
from tests.ui.board_world import QUIET, World, board_state, check, replace
from ui import events as ev
from ui.board_game import Game, index_of, spot_of
from ui.view import BARS, TRAYS, Die, Target


def at(board, player=0, roll=None, *, agents=(None, "first"), settings=QUIET, before=None, **more):
    """Return a world with a position, its near player in row 0."""
    state = board_state(agents, settings=settings)
    game = Game(before or MatchState(), board, board, player, roll)
    return World(replace(state, game=game), **more)


def play_on(world, most=3000):
    """Play as a person would until the game is over: the last movable checker each time."""
    for _ in range(most):
        state = world.state
        if state.game.end is not None:
            return world
        if state.moving is None or state.moving.complete or len(state.game.legal) == 1:
            world.key("return").wait(800)
        else:
            world.spot(world.view.movable[-1])
        check(world.state)
    raise AssertionError("the game does not end")


# ---- rolls


def test_the_opening_roll_says_who_begins_and_with_what():
    world = World(opening=(2, 6), silent=(ev.AskPlay,))
    assert world.state.game.player is None and world.view.dice == ((Die(0),), (Die(0),))
    world.key("space")
    assert world.view.dice == ((Die(2),), (Die(6),))
    assert world.message == "You throw 2, Rival throws 6: Rival begins."
    world.wait(1000)
    assert (world.state.game.player, world.state.game.roll) == (1, (6, 2))
    assert len(world.did(ev.AskPlay)) == 1


@pytest.mark.parametrize("click", [("dice", 0, ""), ("dice", 1, ""), ("button", -1, "roll")])
def test_a_click_on_dice_or_button_rolls(click):
    world = at(start(), rolls=[(3, 1)])
    assert world.did(ev.Throw) == []
    world.press(*click)
    assert world.state.game.roll == (3, 1) and world.did(ev.Throw) == [ev.Throw()]


def test_dice_are_thrown_by_themselves_if_so_set():
    world = World(board_state(settings=replace(QUIET, auto_roll=True)), opening=(6, 1))
    world.wait(1000)
    assert world.state.moving is not None and world.did(ev.Throw) == [ev.Throw(opening=True)]


def test_dice_that_nobody_asked_for_are_ignored():
    world = at(start())
    world.give(ev.Thrown((6, 6)), ev.Thrown((3, 1), True))
    assert world.state.game.roll is None


def test_two_equal_opening_dice_are_thrown_again():
    world = World(opening=(4, 4)).key("space")
    assert world.state.game.player is None and "again" in world.message


# ---- moving


def test_a_touched_checker_lights_its_targets():
    world = at(start(), roll=(3, 1))
    world.give(ev.Press(Target("spot", 7), (5, 5)))
    assert world.view.lit == (3, 4, 6)
    world.give(ev.Drag(Target("nothing"), (50, 60)))
    assert world.view.lifted.at == (50, 60) and world.view.counts[0][7] == 2
    world.give(ev.Release(Target("nothing"), (50, 60)))
    assert world.view.lifted is None and world.view.lit == () and world.state.moving.made == ()


def test_a_click_moves_with_the_first_die_and_the_right_button_swaps():
    world = at(start(), roll=(3, 1))
    world.give(ev.OtherPress(Target("nothing")))
    assert world.view.dice[0] == (Die(1), Die(3))
    world.spot(7)
    assert world.view.dice[0] == (Die(1, used=True), Die(3))
    assert world.view.counts[0][6] == 1
    world.press("dice", 0)
    assert world.view.dice[0] == (Die(3), Die(1, used=True))


def test_a_checker_dragged_away_and_back_has_not_moved():
    world = at(start(), roll=(3, 1))
    here = Target("spot", 7)
    world.give(ev.Press(here, (0, 0)), ev.Drag(Target("nothing"), (9, 9)), ev.Drag(here, (1, 1)),
               ev.Release(here, (1, 1)))
    assert world.state.moving.made == ()


def test_a_checker_can_be_dragged_only_where_it_may_go():
    world = at(start(), roll=(3, 1))
    world.drag(7, 2)
    assert world.state.moving.made == ()
    world.drag(7, 3)
    assert len(world.state.moving.made) == 2 and world.view.counts[0][3] == 1


def test_a_bar_checker_enters_and_a_last_one_is_dragged_to_the_tray():
    world = at(pos("bar:1 6:2 / 6:2"), roll=(3, 1))
    assert world.view.movable == (BARS[0],)
    world.drag(BARS[0], 21)
    assert world.view.counts[0][21] == 1
    world = at(pos("3:2 1:1 / 21:2"), roll=(3, 1))
    world.drag(2, TRAYS[0])
    assert world.view.counts[0][TRAYS[0]] == 13


@pytest.mark.parametrize("confirm", [("dice", 0, ""), ("button", -1, "confirm")])
def test_a_complete_play_waits_to_be_confirmed(confirm):
    world = at(start(), roll=(3, 1), silent=(ev.Throw,))
    world.spot(7).key("return", "space")
    world.press("button", name="confirm")
    assert world.state.game.turns == (), "an incomplete play cannot be confirmed"
    world.spot(5).wait(5000)
    assert world.state.game.turns == () and world.view.counts[0][4] == 2
    world.press(*confirm)
    assert world.state.game.turns[0].play.board[0, 4] == 2 and world.state.game.player == 1


def test_undo_takes_back_a_move_or_the_play_until_it_is_confirmed():
    world = at(start(), roll=(3, 1), silent=(ev.Throw,)).spot(7).spot(5)
    world.key("backspace")
    assert len(world.state.moving.made) == 1
    world.spot(5).press("button", name="undo")
    assert len(world.state.moving.made) == 1
    world.spot(5).key("delete")
    assert world.state.moving.made == ()
    world.spot(7).spot(5).key("return", "backspace", "delete")
    assert len(world.state.game.turns) == 1


def test_a_forced_play_is_told_and_made_by_itself_after_a_moment():
    world = at(pos("24:1 / 24:1 20:2"), roll=(2, 1), silent=(ev.Throw,))
    assert world.message == "24/21 is the only legal play." and world.state.game.turns == ()
    world.wait(300)
    assert world.state.game.turns == ()
    world.wait(1000)
    assert world.state.game.turns[0].play.moves


def test_a_forced_play_may_be_made_at_once_or_begun_by_hand():
    board = pos("24:1 / 24:1 20:2")
    assert at(board, roll=(2, 1), silent=(ev.Throw,)).key("space").state.game.turns
    begun = at(board, roll=(2, 1), silent=(ev.Throw,)).spot(23)
    assert len(begun.state.moving.made) == 1 and begun.state.game.turns == ()
    assert begun.wait(1000).state.game.turns


def test_a_roll_that_moves_nothing_is_told_and_passed_by_itself():
    shut = pos("bar:1 6:5 / 6:2 5:2 4:2 3:2 2:2 1:2")
    world = at(shut, roll=(3, 1), silent=(ev.Throw,))
    assert world.message == "You roll 3-1 and cannot move." and world.view.movable == ()
    world.wait(1000)
    assert world.state.game.turns[0].play.moves == () and world.state.game.player == 1


def test_a_play_may_be_typed():
    world = at(start(), roll=(3, 1)).key("w")
    assert world.view.dialog.field == ""
    world.type("8/5 6/4").key("return")
    assert "not legal" in world.view.dialog.error
    world.key(*["backspace"] * 7).type("8/5 6/5").key("return")
    assert world.view.dialog is None and world.state.moving.complete


# ---- the opponent


def test_the_opponent_is_asked_once_and_his_play_is_made():
    world = at(start(), 1, (3, 1))
    asked = world.did(ev.AskPlay)
    assert len(asked) == 1 and asked[0].player == 1
    np.testing.assert_array_equal(asked[0].board, start())
    assert world.message.startswith("Rival plays 3-1: ") and world.state.game.player == 0


def test_answers_to_outdated_requests_are_ignored():
    world = at(start(), 1, (3, 1), silent=(ev.AskPlay,))
    play = plays(start(), 3, 1)[0]
    world.give(ev.AgentPlayed(99, play), ev.Ranked(99, None), ev.Chances(99, None))
    assert world.state.game.turns == ()
    number = world.did(ev.AskPlay)[0].request
    world.give(ev.AgentPlayed(number, play), ev.AgentPlayed(number, play))
    assert len(world.state.game.turns) == 1


def test_an_impossible_play_is_refused_and_can_be_asked_for_again():
    world = at(start(), 1, (3, 1), silent=(ev.AskPlay,))
    world.give(ev.AgentPlayed(world.state.asked, Play((), 7)))
    assert "not legal" in world.message and world.state.game.turns == ()
    assert len(world.did(ev.AskPlay)) == 1
    world.key("space")
    assert len(world.did(ev.AskPlay)) == 2
    world.give(ev.AgentPlayed(world.state.asked, plays(start(), 3, 1)[0]))
    assert len(world.state.game.turns) == 1


def test_the_opponents_checkers_fly_one_by_one_and_the_hit_one_to_the_bar():
    board = pos("20:1 6:14 / 8:1 24:1 6:13")
    settings = replace(QUIET, speed="normal")
    world = at(board, 1, (3, 2), settings=settings, silent=(ev.AskPlay, ev.Throw))
    hit = next(p for p in world.state.game.legal if any(m.hit for m in p.moves))
    world.give(ev.AgentPlayed(world.state.asked, hit))
    seen = []
    while world.state.flight is not None:
        flying = world.view.flying[0]
        way = (flying.owner, flying.source, flying.target)
        assert 0 <= flying.progress < 1 and world.view.on_roll == 1
        seen += [way] if way not in seen else []
        world.give(ev.Tick(50))
    assert len(seen) == 3 and (0, 19, BARS[0]) in seen
    assert world.view.counts[0][BARS[0]] == 1 and world.view.on_roll == 0


def test_with_animation_off_the_opponents_play_is_there_at_once():
    world = at(start(), 1, (3, 1))
    assert world.state.flight is None and world.view.flying == ()


def test_a_press_ends_what_flies():
    world = at(start(), 1, (3, 1), settings=replace(QUIET, speed="slow"))
    assert world.state.flight is not None
    world.press("nothing")
    assert world.state.flight is None


def test_a_dropped_checker_is_there_and_the_one_it_hit_flies():
    board = pos("8:2 6:2 / 20:1 24:2")
    world = at(board, 0, (3, 1), settings=replace(QUIET, speed="normal"))
    world.drag(7, 4)
    view = world.view
    assert [(f.owner, f.source, f.target) for f in view.flying] == [(1, 4, BARS[1])]
    assert view.counts[0][4] == 1


# ---- whole games


@pytest.mark.parametrize("agents", [(None, "first"), (None, None), ("first", None)])
def test_a_whole_game_ends_with_the_score_the_engine_gives(agents):
    world = play_on(World(board_state(agents), seed=5, pick=-1))
    game = world.state.game
    winner, level = game.end
    assert game.after == MatchState().add_game(level, winner)
    assert world.view.score == game.after.score and world.view.on_roll is None
    assert world.view.dialog.name == "over"
    record = world.state.transcript.games[-1]
    assert (record.winner, record.points) == (winner, level)
    board, player = record.first, record.turns[0].player
    for turn in record.turns:
        assert turn.player == player
        mine = board if player == 0 else board[::-1]
        assert any(turn.play == play for play in plays(mine, *turn.roll))
        board, player = turn.play.board if player == 0 else turn.play.after, 1 - player
    np.testing.assert_array_equal(board, game.board)


def test_two_agents_play_by_themselves_until_paused():
    settings = replace(QUIET, speed="fast")
    world = World(board_state(("first", "second"), ("A", "B"), settings))
    world.wait(3000)
    turns = len(world.state.game.turns)
    assert turns > 0
    world.key("p").wait(3000)
    paused = len(world.state.game.turns)
    assert world.wait(3000) and len(world.state.game.turns) == paused <= turns + 1
    world.key("p").wait(3000)
    assert len(world.state.game.turns) > paused


def test_two_agents_without_animation_play_to_the_end_at_once():
    world = World(board_state(("first", "second"), ("A", "B")))
    assert world.state.game.end is not None and world.view.dialog.name == "over"


def test_a_match_goes_on_game_by_game_with_the_crawford_game():
    last = pos("1:1 / 23:2 6:13")
    world = at(last, roll=(6, 5), before=MatchState(length=3, score=(1, 1)))
    play_on(world)
    assert world.state.game.after.score == (4, 1), "a backgammon"
    world = at(pos("1:1 / 1:1 6:10"), roll=(6, 5), before=MatchState(length=3, score=(1, 1)))
    play_on(world)
    assert any("Crawford" in line for line in world.view.dialog.lines)
    world.choose("Next game")
    assert world.view.crawford and world.view.score == (2, 1) and world.state.game.player is None
    assert world.did(ev.StartGame)[1:] == [ev.StartGame()]
    assert isinstance(world.state.transcript, Transcript) and len(world.state.games) == 1


def test_a_match_that_is_over_has_no_next_game():
    world = play_on(at(pos("1:1 / 1:1 6:10"), roll=(6, 5), before=MatchState(length=1)))
    assert "You win the match." in world.view.dialog.lines
    world.key("escape", "g")
    assert world.state.game.end is not None
    world.key("return")
    assert world.state.game.end is not None


def test_spots_and_indices_are_each_others_inverse():
    for player in (0, 1):
        for index in range(-1, 25):
            assert index_of(player, spot_of(player, index)) == index
