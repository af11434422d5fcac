"""The state of a game with a person, without a terminal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.board import flip, start
from engine.dice import ManualDice, SeededDice
from engine.notation import format_play
from engine.plays import plays
from tests.engine.positions import pos
from tests.ui.players import Judge
from ui.text_game import (
    AGENT,
    HELP,
    HUMAN,
    Command,
    CommandError,
    Game,
    find_play,
    in_columns,
    list_hints,
    list_plays,
    make_play,
    new_game,
    read_command,
    resign,
    throw,
    undo,
)


@pytest.mark.parametrize("opening, player", [((6, 2), HUMAN), ((2, 6), AGENT)])
def test_the_higher_die_begins_with_both_dice(opening, player):
    game = new_game(opening)
    assert (game.player, game.roll) == (player, (6, 2))


def test_nobody_begins_with_a_double():
    with pytest.raises(ValueError, match="double"):
        new_game((3, 3))


def test_the_person_is_in_row_0_of_the_board_he_sees():
    game = make_play(new_game((3, 1)), find_play(new_game((3, 1)), "8/5 6/5"), None)
    assert game.player == AGENT
    np.testing.assert_array_equal(game.seen_by_human, flip(game.board))
    assert game.seen_by_human[0, 4] == 2


@pytest.mark.parametrize("after, end", [
    ("6:2 / 1:1", None), ("6:14 / ", (HUMAN, 1)), ("6:15 / ", (HUMAN, 2)),
    ("6:14 24:1 / ", (HUMAN, 3)), ("6:14 bar:1 / ", (HUMAN, 3))])
def test_the_mover_wins_what_the_loser_has_not_borne_off(after, end):
    assert Game(pos(after), AGENT).end == end


def test_a_resignation_gives_the_agent_what_was_offered():
    assert resign(new_game((3, 1)), 2).end == (AGENT, 2)


def test_undo_leads_to_the_last_decision_and_the_same_rolls_follow():
    dice = SeededDice(3)
    first = new_game((4, 2))
    game = make_play(first, first.legal[0], "a")
    game = throw(game, dice)
    game = throw(make_play(game, game.legal[0], "b"), dice)
    back = undo(game)
    assert (back.turn, back.roll, back.memory) == (0, (4, 2), None)
    np.testing.assert_array_equal(back.board, first.board)
    replayed = throw(make_play(back, back.legal[1], "a"), ManualDice([]))
    assert replayed.roll == game.rolls[1]
    replayed = throw(make_play(replayed, replayed.legal[0], "b"), ManualDice([]))
    assert replayed.roll == game.rolls[2]
    assert undo(replayed).rolls == game.rolls


def test_undo_goes_past_turns_without_a_choice():
    shut_out = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3")
    decision = Game(start(), HUMAN, ((3, 1),))
    stuck = Game(shut_out, HUMAN, ((3, 1), (2, 1), (6, 6)), turn=2, before=decision)
    assert not stuck.can_move
    assert undo(make_play(stuck, stuck.legal[0], None)).turn == 0


def test_undo_without_a_decision_is_refused():
    with pytest.raises(CommandError, match="no play of yours"):
        undo(new_game((3, 1)))


@pytest.mark.parametrize("line, command", [
    ("h", Command("hint")), ("HINT", Command("hint")), (" u ", Command("undo")),
    ("b", Command("board")), ("id", Command("id")), ("q", Command("quit")), ("?", Command("help")),
    ("r", Command("resign", points=1)), ("resign  Gammon", Command("resign", points=2)),
    ("r 3", Command("resign", points=3)), ("7", Command("play", "7")),
    ("b 20", Command("play", "b 20")), ("8/5  6/5", Command("play", "8/5 6/5"))])
def test_commands(line, command):
    assert read_command(line) == command


@pytest.mark.parametrize("line", ["", "  \t", "resign everything"])
def test_lines_that_are_no_command(line):
    with pytest.raises(CommandError):
        read_command(line)


@pytest.mark.parametrize("text", [
    "0", "17", "9" * 5000, "8/5", "8/5 6/6", "24/18", "xyzzy", "²", "\x00", "8/5 6/5 6/5 6/5 6/5"])
def test_plays_that_are_not_legal_are_told_in_one_line(text):
    with pytest.raises(CommandError) as caught:
        find_play(new_game((3, 1)), text)
    assert str(caught.value) and "\n" not in str(caught.value)


@settings(max_examples=200)
@given(st.text(max_size=20) | st.text("0123456789/*()- barof,", max_size=20))
def test_whatever_is_typed_is_a_command_a_play_or_refused(line):
    game = new_game((3, 1))
    try:
        command = read_command(line)
        if command.word == "play":
            assert find_play(game, command.text) in game.legal
    except CommandError as error:
        assert "\n" not in str(error)


def test_a_play_is_known_by_its_number_and_by_its_notation():
    game = new_game((3, 1))
    for number, play in enumerate(game.legal, 1):
        assert find_play(game, str(number)) == play
        assert find_play(game, format_play(play)) == play


def test_all_plays_are_listed_with_their_numbers():
    board = pos("24:2 20:2 13:3 9:2 8:2 6:2 3:2 / 24:2 23:1 13:5 8:3 6:4")
    game = Game(board, HUMAN, ((1, 1),))
    text = list_plays(game)
    count = len(plays(board, 1, 1))
    assert count > 60
    assert max(map(len, text.splitlines())) < 80
    for number, play in enumerate(game.legal, 1):
        assert f"{number:3}  {format_play(play)}" in text


def test_help_fits_a_terminal():
    assert max(map(len, HELP.splitlines())) < 80


def test_columns_read_downwards():
    assert in_columns(["a", "b", "c", "d", "e"], width=7) == "a  c  e\nb  d"
    assert in_columns(["a long item"], width=3) == "a long item"


def test_hints_are_sorted_by_the_equity_of_the_mover_and_carry_the_number_of_the_play():
    game = Game(start(), HUMAN, ((6, 5),))
    rows = [row.split() for row in list_hints(game, Judge()).splitlines()[1:]]
    assert len(rows) == 5
    equities = [float(next(word for word in row if word[0] in "+-")) for row in rows]
    assert equities == sorted(equities, reverse=True)
    for row in rows:
        assert row[1] in format_play(game.legal[int(row[0]) - 1])
    # The opponent's 167 pips against 156 after the play: 0.4725 for him, 0.5275 for the mover.
    assert rows[0][-3:] == ["52.8%", "26.4%", "11.8%"]


def test_a_hint_knows_that_a_game_is_won():
    game = Game(pos("1:1 / 6:14"), HUMAN, ((2, 1),))
    row = list_hints(game, Judge()).splitlines()[1]
    assert row.split()[3] == "100.0%"
