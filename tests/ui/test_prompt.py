"""The line under the board says what can be done, and the buttons and dice show it."""

from __future__ import annotations

from engine.board import start
from tests.engine.positions import pos
from tests.ui.board_world import World
from tests.ui.test_update import at, play_on
from ui.showing import ways_of
from ui.view import Die


def next_ones(world):
    """Return the names of the buttons that are shown as the next thing to do."""
    return [button.name for button in world.view.buttons if button.next]


def test_who_has_to_throw_is_told_how():
    world = at(start(), agents=(None, None))
    assert world.message == "Your turn: click the dice or press Space to throw."
    assert next_ones(world) == ["roll"]
    assert at(start(), 1, agents=(None, None)).message.startswith("Rival's turn")


def test_a_play_is_told_move_by_move_until_it_can_be_confirmed():
    world = at(start(), roll=(1, 3))
    assert world.message == "Your 3-1: click or drag a checker." and not world.view.ready
    world.spot(7)
    assert world.message == "Your 3-1: now the 1." and next_ones(world) == []
    world.spot(5)
    assert world.message == "Click the dice or press Enter to confirm; Bksp takes back."
    assert next_ones(world) == ["confirm"] and world.view.ready
    world.key("backspace")
    assert not world.view.ready


def test_moves_of_a_double_are_counted():
    world = at(start(), roll=(6, 6)).spot(23)
    assert world.message == "Your 6-6: three more moves."
    assert world.spot(23).spot(12).message == "Your 6-6: one more move."


def test_whoever_is_on_the_bar_is_told_to_enter():
    assert at(pos("bar:1 6:5 / 24:2"), roll=(2, 1)).message == "Your 2-1: enter from the bar."


def test_a_die_that_cannot_be_played_is_named():
    # The 6 is blocked whatever the 1 does.
    world = at(pos("24:1 20:1 / 7:2 8:2 11:2 12:2"), roll=(6, 1))
    while not world.state.moving.complete:
        world.spot(world.view.movable[0])
    assert world.message.startswith("No legal 6. Click")
    assert world.view.dice[0] == (Die(6), Die(1, used=True)) and world.view.ready


def test_what_the_opponent_has_played_is_still_to_be_read_after_the_throw():
    world = World(opening=(2, 5), rolls=((4, 1),))
    while world.state.moving is None:
        world.key("space")
    assert world.message.startswith("Rival played 5-2: ")
    assert world.message.endswith(". Your 4-1: click or drag a checker.")


def test_that_the_opponent_could_not_move_is_still_to_be_read_after_the_throw():
    world = at(pos("6:2 5:2 4:2 3:2 2:2 1:2 13:3 / bar:1 8:2"), 1, (6, 5), rolls=[(4, 1)])
    assert world.message == "Rival rolls 6-5 and cannot move."
    world.wait(1000).key("space")
    assert world.message == ("Rival could not move with 6-5. "
                             "Your 4-1: click or drag a checker.")


def test_at_the_end_the_next_game_comes_next():
    world = play_on(World(seed=8)).key("escape")
    assert next_ones(world) == ["next"] and not world.view.ready


def test_one_checker_is_one_arrow_unless_it_hits_on_its_way():
    def ways(position, roll, *spots):
        world = at(pos(position), roll=roll)
        for spot in spots:
            world.spot(spot)
        return ways_of(world.state.moving.play)
    assert ways("24:2 8:3 6:5 / 24:2 8:3 6:5", (3, 1), 23, 20) == [(23, 19)]
    assert ways("24:2 8:3 6:5 / 24:2 8:3 4:1", (3, 1), 23, 20) == [(23, 20), (20, 19)]
    assert ways("24:2 8:3 6:5 / 24:2 8:3 6:5", (3, 1), 23, 23) == [(23, 20), (23, 22)]
    assert ways("24:2 8:3 6:5 / 24:2 8:3 6:5", (2, 2), 23, 21, 23, 21) == [(23, 19), (23, 19)]


def test_hints_bring_the_chances_even_with_the_analysis_closed():
    world = at(start(), roll=(3, 1)).key("h")
    assert world.view.panel.win is not None and world.view.panel.curve
