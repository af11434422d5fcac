"""Dialogs: commands, matches, players, resigning, dice, settings."""

from __future__ import annotations

import pytest

from engine.board import start
from engine.game import MatchState
from tests.ui.board_world import AT, QUIET, World, board_state, certain, replace
from tests.ui.test_update import at, play_on
from ui import events as ev
from ui.actions import ACTIONS
from ui.commands import BY_NAME, COMMANDS, PLAY, SETUP, by_key
from ui.dialogs_window import HELP_PARTS, keys_text
from ui.settings import Settings
from ui.view import Target


def labels(world):
    """Return what stands on the answers of the open dialog."""
    return [choice.label for choice in world.view.dialog.choices]


# ---- commands


def test_every_command_can_be_done_and_is_on_the_help_screen_with_its_key():
    assert set(ACTIONS) == set(BY_NAME) and len(BY_NAME) == len(COMMANDS)
    world = World().key("f1")
    parts = [world.choose(name).view.dialog.lines for name, _ in HELP_PARTS]
    lines = [line for part in parts for line in part]
    for command in COMMANDS:
        assert lines.count(f"{keys_text(command.keys)}\t{command.label}\t{command.help}") == 1


def test_help_begins_with_what_can_be_done_now():
    assert World().key("f1").view.dialog.lines[0] == PLAY
    assert SETUP in World().key("e", "f1").view.dialog.lines


def test_whatever_is_typed_can_be_submitted_by_the_mouse():
    for key, typed, label in (("ctrl+s", "file", "Save"), ("ctrl+o", "file", "Load"),
                              ("n", "7", "Begin"), ("i", "12", "Use this seed")):
        world = World().key(key).type(typed).choose(label)
        assert world.view.dialog is None
        by_key = World().key(key).type(typed).key("return")
        assert [type(e) for e in by_key.effects] == [type(e) for e in world.effects]
    assert World().key("i").type("x").choose("Use").view.dialog.error


@pytest.mark.parametrize("editing", [True, False])
def test_no_key_means_two_commands(editing):
    for command in COMMANDS:
        if (command.group == SETUP) == editing:
            assert all(by_key(key, editing) == command for key in command.keys)


def test_every_button_is_a_command_with_its_key():
    for world in (World(), World().key("e"), play_on(World()).key("escape", "left")):
        for button in world.view.buttons:
            assert button.key == BY_NAME[button.name].keys[0]


def test_everything_can_be_reached_by_the_mouse():
    world = World()
    world.press("button", name="menu")
    offered = {choice.key for choice in world.view.dialog.choices}
    for name in ("save", "load", "edit", "copy_id", "paste", "dice", "settings", "players", "quit"):
        assert BY_NAME[name].keys[0] in offered
    world.choose("Settings")
    assert world.view.dialog.name == "settings"


def test_the_window_can_be_left_at_any_time():
    world = World().key("n")
    assert world.give(ev.Leave()).did(ev.Close)
    assert World().key("n", "ctrl+q").did(ev.Close) and World().key("ctrl+q").did(ev.Close)


# ---- new match


def test_a_match_of_any_length_is_begun_by_choice_or_typed():
    world = World().key("n").choose("5")
    assert world.view.length == 5 and world.did(ev.Remember)[-1].settings.length == 5
    world.key("n").type("13").key("return")
    assert world.view.length == 13 and world.view.score == (0, 0)
    world.key("n").type("-1").key("return")
    assert "whole number" in world.view.dialog.error and world.view.length == 13
    world.key("escape")
    assert world.view.dialog is None


def test_a_game_under_way_is_left_only_after_a_question():
    world = at(start(), 1, (3, 1)).key("n").choose("Money")
    assert world.view.dialog.name == "leave" and world.state.game.turns
    world.choose("Play on")
    assert world.state.game.turns
    world.key("n").choose("Money").key("return")
    assert world.state.game.turns == () and world.view.dialog is None


# ---- players


def test_players_are_chosen_for_either_side_with_their_plies():
    world = World().key("o").choose("Far side").choose("pretrained").choose("2")
    assert world.did(ev.Seat) == [ev.Seat((None, "pretrained:2"))]
    assert world.state.agents == (None, "pretrained:2") and world.view.names[1] == "pretrained:2"
    assert world.did(ev.Remember)[-1].settings.ply == 2
    world.key("o").choose("Near side").choose("random")
    assert world.state.agents == ("random", "pretrained:2")
    world = World().key("o").choose("Far side").choose("gnubg").choose("0")
    assert world.state.agents[1] == "gnubg:0"
    world.key("o").choose("Far side").choose("A person")
    assert world.state.agents == (None, None)


def test_a_player_who_cannot_be_had_leaves_the_old_one():
    world = World(silent=(ev.Seat,)).key("o").choose("Far side").choose("random")
    world.give(ev.Told("no such player", True))
    assert world.state.agents == (None, "first") and world.message == "no such player"


def test_a_new_player_takes_over_the_turn():
    world = at(start(), 1, (3, 1), silent=(ev.AskPlay,))
    old = world.state.asked
    world.give(ev.Seated((None, "second"), ("You", "Second")))
    assert world.state.asked not in (None, old) and len(world.did(ev.AskPlay)) == 2
    world.give(ev.Seated((None, None), ("You", "She")))
    assert world.state.asked is None and world.state.moving is not None


# ---- resign


@pytest.mark.parametrize("points", [1, 2, 3])
def test_a_resignation_counts_what_was_given_up(points):
    world = at(start(), silent=(ev.AskChances,)).key("r")
    assert labels(world) == ["Single game", "Gammon", "Backgammon", "Cancel"]
    world.key(str(points))
    for ask in world.did(ev.AskChances):
        world.give(ev.Chances(ask.request, None))
    assert world.state.game.end == (1, points) and world.view.score == (0, points)
    record = world.state.transcript.games[-1]
    assert record.turns[-1].kind == "resign" and record.points == points
    assert world.view.dialog.name == "over"


def test_an_agent_refuses_less_than_it_expects():
    world = at(start(), silent=(ev.AskChances,)).key("r", "1")
    assert world.state.game.end is None and "consider" in world.message
    world.give(ev.Chances(world.did(ev.AskChances)[0].request, certain(-2)))
    assert world.state.game.end is None and "refuse" in world.message
    world.key("r", "2")
    assert world.state.game.end == (1, 2)


def test_whoever_resigns_again_waits_for_no_opinion():
    world = at(start(), silent=(ev.AskChances,)).key("r", "1", "r", "1")
    assert world.state.game.end == (1, 1)


def test_a_person_is_asked_whether_he_takes_it():
    world = at(start(), agents=(None, None)).key("r", "2")
    assert world.view.dialog.name == "offer"
    world.choose("Refuse")
    assert world.state.game.end is None
    world.key("r", "2").choose("Accept")
    assert world.state.game.end == (1, 2)


def test_the_cube_multiplies_what_is_resigned():
    before = MatchState(length=7, cube=2, cube_owner=1)
    world = at(start(), agents=(None, None), before=before).key("r", "2", "return")
    assert world.view.score == (0, 4) and world.state.transcript.games[-1].points == 4


# ---- dice


def test_rolls_of_ones_own_dice_are_asked_for():
    world = World(board_state(manual=True)).key("space")
    assert world.did(ev.Throw) == [] and world.view.dialog.name == "roll"
    world.type("44")
    assert world.view.dialog.error and world.state.game.player is None
    world.type("6")
    assert world.view.dialog.field == "6"
    world.type("2")
    assert world.state.game.opening == (6, 2) and world.view.dialog is None
    world.wait(1000).spot(23).spot(12).key("return")
    # The opponent's dice are real ones, too.
    assert world.view.dialog.name == "roll" and "Rival" in world.view.dialog.lines[0]
    world.choose("3").choose("1")
    assert world.state.game.turns[-1].roll == (3, 1)


def test_a_roll_put_off_is_asked_for_again_by_a_click_on_the_dice():
    world = World(board_state(manual=True)).key("space", "escape")
    assert world.view.dialog is None
    world.wait(1000)
    assert world.view.dialog is None
    world.press("dice", 0)
    assert world.view.dialog.name == "roll"


def test_the_seed_is_shown_when_the_game_is_over_and_used_no_more():
    world = World(seed=3).key("space").wait(1000).key("i")
    assert "kept until" in world.view.dialog.lines[0] and world.did(ev.AskSeed) == []
    play_on(world.key("escape")).key("escape", "i")
    assert world.view.dialog.lines[0] == "Seed\t1"
    throws = len(world.did(ev.Throw))
    assert world.view.dialog.lines[1] == f"This game\tthrows 1 to {throws}"
    assert world.did(ev.Dice) == []
    world.key("escape", "return")
    assert world.did(ev.Dice) == [ev.Dice()]


def test_dice_can_be_given_a_seed_or_be_ones_own():
    world = World().key("i").type("12").key("return")
    assert world.did(ev.Dice) == [ev.Dice(12)]
    world.key("i", "f2")
    assert world.did(ev.Dice)[-1] == ev.Dice(manual=True) and world.state.manual
    world.key("i", "f2")
    assert world.did(ev.Dice)[-1] == ev.Dice() and not world.state.manual
    assert World().key("i").type("x").key("return").view.dialog.error


# ---- settings


@pytest.mark.parametrize("key, field", [("l", "theme"), ("b", "home_right"), ("v", "speed"),
                                        ("y", "auto_roll"), ("c", "pips"), ("a", "panel")])
def test_every_change_of_a_setting_is_remembered(key, field):
    world = World(silent=(ev.Throw,))
    old = getattr(world.state.settings, field)
    world.key(key)
    new = world.state.settings
    assert getattr(new, field) != old and world.did(ev.Remember)[-1].settings == new


def test_the_settings_dialog_changes_and_stays():
    world = World().key("s").choose("Theme")
    assert world.view.theme == "dark" and world.view.dialog.name == "settings"
    world.choose("Tutor").choose("0.08")
    assert world.state.settings.tutor == 0.08
    world.key("t").choose("Off")
    assert world.state.settings.tutor is None


def test_speed_goes_through_all_steps_and_recovers_from_an_unknown_one():
    world = World(board_state(settings=Settings(speed="off")))
    seen = [world.key("v").state.settings.speed for _ in range(4)]
    assert seen == ["fast", "normal", "slow", "off"]


def test_another_analyst_has_other_opinions():
    world = at(start(), roll=(3, 1)).key("h", "s").choose("Analyst").choose("pretrained, 1-ply")
    settings = world.did(ev.Remember)[-1].settings
    assert (settings.analyst, settings.analyst_ply) == ("pretrained", 1)
    assert len(world.did(ev.AskRank)) == 2 and world.view.panel.hints


def test_whoever_sits_there_already_changes_nothing():
    world = at(start(), roll=(3, 1)).spot(7).key("k").choose("Near").type("Ann").key("return")
    world.give(ev.Seated((None, "first"), ("You", "Rival")))
    assert world.view.names == ("Ann", "Rival") and len(world.state.moving.made) == 1
    assert [e.settings.opponent for e in world.did(ev.Remember)] == ["pretrained"]


def test_a_person_may_be_called_otherwise():
    world = World().key("k").choose("Near side").type("Ann").key("return")
    assert world.view.names[0] == "Ann" and world.did(ev.Remember)[-1].settings.name == "Ann"
    assert World().key("k").choose("Near").key("return").view.dialog.error


def test_the_cube_is_only_shown():
    world = at(start())
    world.give(ev.Press(Target("cube"), AT))
    assert "shown" in world.message and world.view.cube == (1, None)
    assert world.state.settings == QUIET == replace(QUIET)
