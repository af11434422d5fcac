"""What is shown of a state."""

from __future__ import annotations

import pytest

from engine.board import pips, start
from engine.game import MatchState
from engine.notation import format_play
from tests.engine.positions import pos
from tests.ui.board_world import QUIET, World, board_state, replace
from tests.ui.test_update import at, play_on
from ui import events as ev
from ui.flying import counts_of
from ui.showing import show, total
from ui.view import BARS, SPOTS, TRAYS, Die, Target


def test_both_sides_are_counted_on_the_near_players_points():
    near, far = counts_of(pos("24:2 bar:1 6:5 / 24:1 8:3 bar:2"))
    assert (near[23], near[5], near[BARS[0]], near[TRAYS[0]]) == (2, 5, 1, 7)
    assert (far[0], far[16], far[BARS[1]], far[TRAYS[1]]) == (1, 3, 2, 9)
    assert near[BARS[1]] == near[TRAYS[1]] == far[BARS[0]] == far[TRAYS[0]] == 0


@pytest.mark.parametrize("player", [0, 1])
def test_dice_lie_on_the_side_of_who_is_on_roll(player):
    world = at(start(), player, (6, 6), agents=(None, None))
    dice = world.view.dice
    assert dice[player] == (Die(6),) * 4 and dice[1 - player] == ()
    world.spot(world.view.movable[0])
    assert [die.used for die in world.view.dice[player]] == [True, False, False, False]


def test_dice_not_thrown_yet_wait_on_their_side():
    assert at(start(), 1, agents=(None, None)).view.dice == ((), (Die(0), Die(0)))


def test_pips_names_score_cube_and_match_are_those_of_the_position_shown():
    before = MatchState(length=5, score=(4, 2), crawford=True)
    world = at(pos("6:3 / bar:1"), before=before, silent=(ev.Throw,))
    view = world.view
    assert view.pips == tuple(pips(pos("6:3 / bar:1")).tolist()) == (18, 25)
    assert (view.score, view.length, view.crawford, view.cube) == ((4, 2), 5, True, (1, None))
    assert view.names == ("You", "Rival") and view.on_roll == 0


def test_settings_that_are_drawn_are_in_the_view():
    view = World(board_state(settings=replace(QUIET, theme="dark", home_right=False, pips=False,
                                              panel=True))).view
    assert (view.theme, view.home_right, view.show_pips) == ("dark", False, False)
    assert view.panel is not None and view.panel.rows == ()


def test_two_states_that_look_the_same_have_equal_views():
    world = at(start(), roll=(3, 1))
    before = world.view
    assert before == show(replace(world.state)) and hash(before) == hash(show(world.state))
    world.give(ev.Tick(16), ev.Release(Target("spot", 3), (1, 1)),
               ev.Drag(Target("nothing"), (1, 1)))
    assert world.view == before


def test_a_tick_with_nothing_under_way_changes_nothing():
    world = at(start(), roll=(3, 1))
    before = world.state
    assert world.give(ev.Tick(1000.0)).state is before


def test_a_lifted_checker_is_counted_nowhere_else():
    world = at(start(), roll=(3, 1))
    world.give(ev.Press(Target("spot", 23), (1, 1)), ev.Drag(Target("nothing"), (40, 50)))
    view = world.view
    assert view.counts[0][23] == 1 and (view.lifted.owner, view.lifted.source) == (0, 23)
    assert total(view) == (15, 15)


def test_the_opening_dice_lie_one_on_each_side_for_a_moment():
    world = World(opening=(5, 2)).key("space")
    assert world.view.dice == ((Die(5),), (Die(2),))
    world.wait(1000)
    assert world.view.dice == ((Die(5), Die(2)), ())


def test_arrows_start_and_end_where_the_moves_do():
    world = at(start(), 1, (3, 1), agents=(None, None)).key("h", "1")
    play = world.state.opinions.ranked[world.state.here][0].play
    arrows = world.view.arrows
    assert len(arrows) == len(play.moves) and {arrow.owner for arrow in arrows} == {1}
    assert [(23 - a.source, 23 - a.target) for a in arrows] == [
        (move.source, move.target) for move in play.moves]


def test_the_play_made_is_among_the_hints_even_if_it_is_a_bad_one():
    world = at(start(), roll=(3, 1)).key("h")
    worst = world.state.opinions.ranked[world.state.here][-1].play
    world.key("w")
    world.type(format_play(worst)).key("return")
    hints = world.view.panel.hints
    assert len(hints) == 6 and hints[5].played and hints[5].text == format_play(worst)
    assert max(arrow.rank for arrow in world.view.arrows) == 4
    world.press("hint", 5)
    assert {arrow.rank for arrow in world.view.arrows} == {5}


def test_rows_tell_rolls_plays_and_resignations():
    world = at(start(), 1, (3, 1)).key("r", "1", "escape", "a")
    rows = world.view.panel.rows
    assert rows[0].text.startswith("31: ") and rows[0].player == 1 and rows[0].number == 1
    assert rows[1].text == "resigns"


def test_a_game_that_is_over_is_nobodys_turn_and_has_no_dice():
    view = play_on(World(seed=8)).view
    assert view.on_roll is None and view.dice == ((), ()) and view.movable == ()


@pytest.mark.parametrize("prepare, word", [
    ((), "Space to throw for the opening"), (("e",), "click"), (("space",), "begin")])
def test_there_is_always_something_said(prepare, word):
    assert word in World(opening=(6, 5)).key(*prepare).message


def test_a_position_being_set_up_is_shown_whatever_it_is():
    view = World().key("e", "delete").view
    assert view.editing and view.counts[0][TRAYS[0]] == view.counts[1][TRAYS[1]] == 15
    assert len(view.counts[0]) == SPOTS and view.panel is None and view.arrows == ()


def test_flights_keep_every_checker_until_they_land():
    settings = replace(QUIET, speed="fast", auto_roll=True)
    world = World(board_state(("first", "second"), ("A", "B"), settings), seed=2)
    seen = 0
    for _ in range(2500):
        world.give(ev.Tick(37.0))
        seen += bool(world.view.flying)
        if world.state.game.end is not None:
            break
    assert seen > 200 and world.state.game.turns
