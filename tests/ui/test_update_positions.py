"""Positions and files: copied, pasted, set up by hand, saved, loaded."""

from __future__ import annotations

import numpy as np
import pytest

from engine.board import start
from engine.game import MatchState
from engine.ids import encode_position
from engine.transcript import GameRecord, Transcript, Turn
from tests.engine.positions import pos
from tests.ui.board_world import World, board_state
from tests.ui.test_update import at, play_on
from ui import events as ev
from ui.view import TRAYS, Target

XGID = "XGID=-b----E-C---eE---c-e----B-:0:0:-1:31:2:1:0:5:10"


# ---- copy, paste


def test_the_position_id_and_xgid_are_copied():
    world = at(start(), roll=(3, 1)).key("ctrl+c", "ctrl+x")
    assert [(copy.text, copy.what) for copy in world.did(ev.Copy)] == [
        ("4HPwATDgc/ABMA", "Position ID"),
        ("XGID=-b----E-C---eE---c-e----B-:0:0:1:31:0:0:0:0:10", "XGID")]


def test_an_xgid_brings_position_dice_turn_and_match():
    world = World(silent=(ev.AskPaste, ev.AskPlay)).key("ctrl+v")
    assert world.did(ev.AskPaste)
    world.give(ev.Pasted(XGID))
    assert world.state.game.player == 1 and world.state.game.roll == (3, 1)
    assert world.view.length == 5 and world.view.score == (2, 1)
    world.key("ctrl+x")
    assert world.did(ev.Copy)[0].text == XGID


def test_a_position_id_is_played_on_by_the_near_player():
    board = pos("6:5 5:4 24:1 / 6:5 8:3")
    world = World().give(ev.Pasted(f" {encode_position(board)}\n"))
    np.testing.assert_array_equal(world.state.game.board, board)
    assert world.state.game.player == 0 and world.state.game.roll is None


@pytest.mark.parametrize("text", ["", "hello", "XGID=", "A" * 14, "B" * 3000, "a\nb\nc"])
def test_bad_text_is_told_in_one_line(text):
    world = at(start(), roll=(3, 1))
    world.give(ev.Pasted(text))
    assert world.message and "\n" not in world.message and len(world.message) <= 200
    np.testing.assert_array_equal(world.state.game.board, start())


def test_what_is_pasted_into_a_field_is_typed():
    world = World().key("ctrl+o", "ctrl+v").give(ev.Pasted("some/file.mat\n"))
    assert world.view.dialog.field == "some/file.mat"


# ---- set up


def test_a_position_is_set_up_and_played_on():
    world = World().key("e", "delete")
    assert world.view.editing and world.view.counts[0][TRAYS[0]] == 15
    for _ in range(3):
        world.press("spot", 2)
    world.give(ev.OtherPress(Target("spot", 20)))
    world.key("space")
    assert world.view.on_roll == 1 and world.view.counts[1][20] == 1
    world.press("button", name="edit_done")
    assert not world.view.editing and world.state.game.turns[0].player == 1


def test_a_position_that_cannot_be_is_refused_in_one_line():
    world = World().key("e", "delete", "return")
    assert world.view.editing and "\n" not in world.message and "borne off" in world.message
    world.key("home", "escape")
    assert not world.view.editing


def test_setting_up_leaves_the_game_alone_until_it_is_done():
    world = at(start(), roll=(3, 1)).spot(7).key("e", "delete", "escape")
    assert len(world.state.moving.made) == 1


# ---- files


def test_a_record_is_saved_and_an_existing_file_is_asked_about():
    world = play_on(World(seed=2)).key("escape", "ctrl+s").type("games").key("return")
    save = world.did(ev.Save)[-1]
    assert (save.path, save.overwrite) == ("games.mat", False)
    assert save.transcript.games[0].winner is not None
    world.give(ev.Told("games.mat exists; it was not overwritten", True))
    assert world.view.dialog.name == "overwrite"
    world.choose("Overwrite")
    assert world.did(ev.Save)[-1].overwrite
    world.give(ev.Told("saved"))
    assert world.message == "saved"


def test_a_file_without_a_name_is_asked_for_again():
    assert World().key("ctrl+s", "return").view.dialog.error
    assert World().key("ctrl+o", "return").view.dialog.error


def test_a_finished_record_is_looked_at_from_its_start():
    transcript = play_on(World(seed=2)).state.transcript
    world = World().key("ctrl+o").type("a.mat").key("return")
    assert world.did(ev.Load) == [ev.Load("a.mat")]
    world.give(ev.Loaded(transcript, "a.mat"))
    assert world.state.review == (0, 0) and world.state.game.end is not None
    world.key("escape")
    assert world.view.dialog is None and world.view.score == transcript_score(transcript)
    world.key("g")
    assert world.state.game.player is None and len(world.state.games) == 1


def transcript_score(transcript: Transcript) -> tuple[int, int]:
    """Return the score after a record of one game."""
    game = transcript.games[0]
    return (game.points, 0) if game.winner == 0 else (0, game.points)


def test_an_unfinished_record_is_played_on():
    played = at(start(), 1, (3, 1), silent=()).state.transcript
    world = World().give(ev.Loaded(played, "b.mat"))
    assert world.state.review == (0, 0)
    world.key("escape", "space")
    assert world.state.game.player == 0 and world.state.moving is not None
    assert len(world.state.game.turns) == 1


def test_a_file_that_cannot_be_read_is_told():
    world = World().give(ev.Told("c.mat is no record", True))
    assert world.message == "c.mat is no record"
    assert "no game" in World().give(ev.Loaded(Transcript(("A", "B"), 0, ()), "d.mat")).message


def test_a_record_that_cannot_have_been_played_is_refused():
    over = GameRecord(MatchState(3, (3, 0)), start())
    world = World().give(ev.Loaded(Transcript(("A", "B"), 3, (over,)), "e.mat"))
    assert "over already" in world.message and world.view.length == 0


def test_the_cube_of_a_record_counts():
    turns = (Turn(0, "double", value=2), Turn(1, "take"))
    played = GameRecord(MatchState(7), start(), turns)
    world = World(board_state((None, None)))
    world.give(ev.Loaded(Transcript(("A", "B"), 7, (played,)), "f.mat")).key("escape")
    assert world.view.cube == (2, 1) and world.view.names == ("A", "B")
    world.key("space").wait(1000).key("r", "1", "return")
    assert max(world.view.score) == 2
