"""What the units of a convolutional net see: asked for, chosen, told, and on which points it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.receptive_field import Layer
from agent.receptive_field_agent import gates_by_point
from engine.board import flip, start
from tests.engine.positions import pos
from tests.ui.board_world import World
from tests.ui.conv_player import looked_into, small_conv
from tests.ui.test_update import at
from ui import events as ev
from ui.units import seen
from ui.view import Target

NET = small_conv()
HOLES = small_conv(layers=1, dilation=(5,))
# What is not even on both sides: seen from the other side, all gates stand otherwise.
UNEVEN = pos("24:1 13:4 8:4 6:6 / 23:2 11:5 7:3 5:5")


class Looking(World):
    """Answers what is asked about the net that plays."""

    def __init__(self, state, *, net=NET, **more):
        self.net = net
        super().__init__(state, **more)

    def answer(self, effect):
        if isinstance(effect, ev.AskUnits):
            return [looked_into(self.net, effect)]
        return super().answer(effect)


def looking(board=None, player=0, roll=(3, 1), *, net=NET, agents=(None, "first"), silent=(),
            **more):
    """Return a world at a position with the units shown."""
    state = at(start() if board is None else board, player, roll, agents=agents, start=False,
               **more).state
    return Looking(state, net=net, silent=(ev.AskPlay, *silent)).key("u")


def hover(world, spot):
    return world.give(ev.Hover(Target("spot", spot)))


# ---- what a unit sees


def test_a_unit_sees_what_the_kernels_reach_and_no_further_than_the_board():
    layers = (Layer(3, padding=1), Layer(3, dilation=2, padding=2))
    assert seen(layers[:1], 10).used == (9, 10, 11)
    assert (seen(layers, 10).first, seen(layers, 10).last) == (7, 13)
    assert (seen(layers, 0).first, seen(layers, 0).used) == (0, (0, 1, 2, 3))


def test_the_last_layer_is_shown_first_and_told_in_words():
    world = looking()
    assert world.message == ("Layer 4 of 4, unit on your 6 point: sees points 1 to 14 (14 of 24); "
                             f"gates {_percent(NET, start(), 3, 5)} % open.")
    units = world.view.units
    assert (units.unit, units.used, units.holes) == (5, tuple(range(14)), ())


def _percent(net, board, layer, point):
    return f"{100 * gates_by_point(net, board)[layer][point]:.0f}"


def test_points_that_dilation_passes_over_are_holes():
    world = hover(looking(net=HOLES), 12)
    units = world.view.units
    assert units.used == (6, 7, 8, 11, 12, 13, 16, 17, 18)
    assert units.holes == (9, 10, 14, 15)
    assert "your 13 point: spans points 7 to 19, sees 9 of these 13" in world.message


def test_a_unit_without_neighbours_sees_its_point_alone():
    world = looking(net=small_conv(layers=1, kernel=1))
    assert world.view.units.used == (5,) and "that point alone (1 of 24)" in world.message


def test_a_net_without_gates_and_the_first_layer_show_none():
    assert looking(net=small_conv(gated=False)).view.units.open == ()
    world = looking()
    assert len(world.view.units.open) == 24
    world.key("page down", "page down", "page down")
    assert world.view.units.open == () and "gates" not in world.message


# ---- whose points


def test_points_are_told_in_the_numbers_of_who_is_on_roll():
    world = looking(player=1, net=HOLES)
    world.key(*["down"] * 4)
    assert world.view.units.unit == 1
    # The far player's 23 point; it sees his 17 to 19 and 22 to 24, on the near one's 1-3 and 6-8.
    assert "unit on Rival's 23 point: spans points 17 to 24, sees 6 of these 8" in world.message
    assert world.view.units.used == (0, 1, 2, 5, 6, 7) and world.view.units.holes == (3, 4)


@pytest.mark.parametrize("player", [0, 1])
def test_every_unit_is_marked_where_its_points_lie_on_the_board(player):
    world = looking(UNEVEN, player, net=HOLES)
    for spot in range(24):
        units = hover(world, spot).view.units
        own = spot if player == 0 else 23 - spot
        expected = [point for around in (own - 5, own, own + 5) if 0 <= around < 24
                    for point in (around - 1, around, around + 1) if 0 <= point < 24]
        assert units.unit == spot
        assert sorted(units.used) == sorted(
            point if player == 0 else 23 - point for point in set(expected))


@pytest.mark.parametrize("player", [0, 1])
def test_gates_are_those_of_the_net_seen_by_who_is_on_roll(player):
    world = looking(UNEVEN, player)
    mine = gates_by_point(NET, UNEVEN if player == 0 else flip(UNEVEN))[3]
    assert world.view.units.open == (mine if player == 0 else mine[::-1])
    other = gates_by_point(NET, UNEVEN if player == 1 else flip(UNEVEN))[3]
    assert not np.allclose(mine, other) and not np.allclose(mine, other[::-1])


def test_a_board_turned_round_shows_the_same_spots():
    world = looking()
    before = world.view.units
    assert world.key("b").view.units == before and not world.view.home_right


# ---- choosing


def test_the_unit_is_chosen_by_the_pointer_and_by_keys():
    world = hover(looking(), 20)
    assert world.view.units.unit == 20
    assert [world.key("up").view.units.unit for _ in range(4)] == [21, 22, 23, 0]
    assert [world.key("down").view.units.unit for _ in range(2)] == [23, 22]
    assert world.spot(3).view.units.unit == 3
    for other in (Target("spot", 24), Target("spot", 26), Target("dice", 0), Target("nothing")):
        assert world.give(ev.Hover(other)).view.units.unit == 3


def test_layers_are_gone_through_no_further_than_the_first_and_the_last():
    world = hover(looking(), 11)
    told = []
    for key in ("page down", "-", "page down", "page down", "page up", "+", "page up", "page up"):
        told.append(world.key(key).message.partition(",")[0][6:])
    assert told == ["3 of 4", "2 of 4", "1 of 4", "1 of 4", "2 of 4", "3 of 4", "4 of 4", "4 of 4"]
    assert len(world.key("page down").view.units.used) == 9


def test_a_checker_can_be_moved_while_units_are_shown():
    world = looking()
    world.drag(7, 4).drag(5, 4)
    assert world.state.moving.complete and world.view.units.unit == 4
    assert "confirm" not in world.message
    world.key("u")
    assert "confirm" in world.message and world.view.units is None


def test_a_pointer_that_stays_on_a_point_changes_nothing():
    world = hover(looking(), 9)
    before = world.state
    assert hover(world, 9).state is before
    world.key("u")
    assert hover(world, 10).state.units is None


@pytest.mark.parametrize("ends", [("u",), ("escape",)])
def test_units_are_hidden_by_their_key_and_by_escape(ends):
    world = looking().key(*ends)
    assert world.view.units is None and "Layer" not in world.message
    assert world.key("up", "page up").view.units is None


def test_the_steps_are_offered_only_while_units_are_shown():
    for world, offered in ((looking(), True), (looking().key("u"), False)):
        world.press("button", name="menu")
        shown = {choice.label for choice in world.view.dialog.choices}
        assert "What units see" in shown and ("Next unit" in shown) == offered
        assert ("Layer before" in shown) == offered


# ---- what is asked, and when


def test_a_net_is_looked_into_once_for_each_position():
    world = looking()
    for spot in (1, 2, 3):
        hover(world, spot)
    world.key("page down", "up", "b", "l")
    assert len(world.did(ev.AskUnits)) == 1
    asked = world.did(ev.AskUnits)[0].board
    assert (asked == start()).all()
    world.drag(7, 4)
    assert len(world.did(ev.AskUnits)) == 2
    assert world.view.units.open == tuple(gates_by_point(NET, world.did(ev.AskUnits)[1].board)[2])
    world.key("backspace")
    assert (world.did(ev.AskUnits)[2].board == start()).all()


def test_an_earlier_position_is_looked_into_with_who_was_on_roll():
    world = looking(UNEVEN)
    world.drag(7, 4).drag(5, 4).key("return")
    assert (world.state.game.player, len(world.state.game.turns)) == (1, 1)
    world.key("left")
    assert world.state.review == (0, 0) and world.did(ev.AskUnits)[-1].board is not None
    assert (world.did(ev.AskUnits)[-1].board == UNEVEN).all() and "unit on your" in world.message
    world.key("right")
    assert (world.did(ev.AskUnits)[-1].board == flip(world.state.game.board)).all()
    assert "unit on Rival's" in world.message


def test_until_the_net_is_known_that_is_said_and_its_answer_may_come_late():
    world = looking(silent=(ev.AskUnits,))
    assert world.message == "Looking at the net." and world.view.units is None
    world.key("up", "page down")
    ask = world.did(ev.AskUnits)[0]
    world.key("u")
    world.give(looked_into(NET, ask))
    assert world.view.units is None
    world.key("u").give(looked_into(NET, ask))
    assert world.message == "Looking at the net.", "that was the answer to another question"
    world.give(looked_into(NET, world.did(ev.AskUnits)[-1]))
    assert world.message.startswith("Layer 4 of 4")


def test_gates_of_another_position_are_not_shown():
    world = looking()
    world.silent = (*world.silent, ev.AskUnits)
    assert world.view.units.open
    world.drag(7, 4)
    assert world.view.units.open == () and "gates" not in world.message
    assert world.view.units.used


def test_why_there_is_nothing_to_be_seen_is_told_in_one_line():
    reason = "first has no convolutions; only a net trained with --net conv has them"
    world = looking(silent=(ev.AskUnits,))
    world.give(ev.UnitsSeen(world.did(ev.AskUnits)[0].request, reason=reason))
    assert world.state.units is None and world.message == f"No units to be seen: {reason}."
    assert World().key("u").did(ev.AskUnits)
    people = at(start(), roll=(3, 1), agents=(None, None)).key("u")
    assert people.state.units is None and not people.did(ev.AskUnits)
    assert people.message == "Only agents have units; people play on both sides here."


def test_another_player_brings_no_units():
    world = looking()
    world.give(ev.Seated((None, "pubeval"), ("You", "pubeval")))
    assert world.state.units is None
    world.key("u").give(ev.Seated((None, "pubeval"), ("You", "pubeval")))
    assert world.state.units is not None, "nobody has changed"


def test_no_units_are_shown_while_a_position_is_set_up():
    world = looking().key("e")
    asked = len(world.did(ev.AskUnits))
    assert world.view.units is None and hover(world, 20).state.units.spot == 5
    world.press("button", name="edit_clear").spot(3)
    assert len(world.did(ev.AskUnits)) == asked
    assert world.key("escape").view.units is not None


def test_what_waits_to_be_read_is_not_wiped_away_by_the_pointer():
    world = looking()
    state = replace(world.state, message="read this", hold=500.0, announced=True)
    world.state = state
    assert hover(world, 20).message == "read this" and world.view.units.unit == 20
    world.state = replace(state, hold=0.0)
    assert hover(world, 21).message.startswith("Layer")
