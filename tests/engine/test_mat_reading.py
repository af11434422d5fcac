"""Matches in the Jellyfish format as other programs and sites write them, and bad ones."""

import pytest

from engine.board import start
from engine.errors import EngineError, TranscriptError
from engine.game import MatchState
from engine.ids import MatchRecord, encode_match_id, encode_position
from engine.mat import parse_mat
from engine.transcript import Turn, replay
from tests.engine.positions import DATA, pos

HEAD = " 5 point match\n\n Game 1\n Ann : 0      Bob : 0\n"


def game(*lines, head=HEAD):
    """Return the one game of a file of these lines."""
    return parse_mat(head + "\n".join(lines)).games[0]


def kinds(found):
    return [(turn.player, turn.kind) for turn in found.turns]


# GNU Backgammon


def test_a_match_that_gnu_backgammon_played():
    match = parse_mat((DATA / "gnubg-match.mat").read_text())
    assert (match.names, match.length) == (("gnubg", "root"), 5)
    assert [(g.state.score, g.state.crawford, g.winner, g.points) for g in match.games] == [
        ((0, 0), False, 0, 2), ((2, 0), False, 0, 2), ((4, 0), True, 0, 1)]
    assert [g.turns[-1].kind for g in match.games] == ["drop", "drop", "play"]
    assert [len(g.turns) for g in match.games] == [46, 27, 41]
    # The rules give the points that the program wrote.
    assert [replay(g).points for g in match.games] == [2, 2, 1]


def test_a_session_that_gnu_backgammon_read_and_wrote():
    session = parse_mat((DATA / "gnubg-session.mat").read_text())
    assert (session.names, session.length) == (("Ann Lee", "Bob"), 0)
    assert [(g.state.score, g.winner, g.points, g.turns[-1].kind) for g in session.games] == [
        ((0, 0), 0, 1, "resign"), ((1, 0), 1, 1, "drop"), ((1, 1), 0, 6, "play"),
        ((7, 1), 0, 1, "resign"), ((8, 1), 1, 1, "drop")]


# Others


def test_a_file_as_extreme_gammon_writes_it():
    match = parse_mat("""\
; [Site "XG Mobile"]
; [Player 1 "Ken"]
; [Player 2 "XG-Intermediate"]
; [Variation "Backgammon"]
; [Jacoby "On"]
; [CubeLimit "1024"]

0 point match

Game 1\x20
Ken : 0                              XG-Intermediate : 0\x20
 1)                                  15: 13/8 6/5
 2) 66: 24/18 24/18 13/7 13/7        55: 8/3 8/3 8/3 8/3
 3)  Doubles => 2                     Takes
 4) 21: 13/11 6/5                    66: Cannot Move
 5)  Wins 4 point

Game 2
Ken : 4                              XG-Intermediate : 0
 1) 31: 8/5 6/5
""")
    one, two = match.games
    assert one.state == MatchState(jacoby=True) and two.state.score == (4, 0)
    assert kinds(one)[-1] == (1, "resign") and one.turns[-1].value == 2 and one.points == 4
    assert not one.turns[-2].play.moves
    assert (two.winner, two.points, kinds(two)) == (None, 0, [(0, "play")])


def test_tabs_and_other_line_ends():
    text = ("\ufeff5 point match\n\nGame 1\nAnn : 0\tBob : 0\n1)\t\t21: 24/23 13/11\n"
            "2)\t62: 24/18 13/11\t\t54: 13/8 6/2\n3)\tDoubles => 2\t\tTakes\n")
    expected = [(1, "play"), (0, "play"), (1, "play"), (0, "double"), (1, "take")]
    assert kinds(parse_mat(text).games[0]) == expected
    assert kinds(parse_mat(text.replace("\n", "\r\n")).games[0]) == expected


@pytest.mark.parametrize("play", [
    "24/18/13", "24/13", "24/18 18/13", "18/13 24/18", "24-18 18-13", "24/18, 18/13"])
def test_one_play_in_many_forms(play):
    found = game(f"  1) 65: {play}")
    assert (replay(found).board == pos("24:1 13:6 8:3 6:5 / 24:2 13:5 8:3 6:5")).all()


def test_hits_bars_and_checkers_borne_off_in_either_form():
    hit = game("  1) 41: 24/23 13/9              62: 24/16")
    bars = [game("  1) 41: 24/23 13/9              62: 24/16*", f"  2) 65: {text}").turns[-1]
            for text in ("25/20 24/18", "bar/20 24/18", "Bar/20, 24/18")]
    assert hit.turns[-1].play.moves[-1].hit and bars[0] == bars[1] == bars[2]
    first = f'; [Position "{encode_position(pos("6:2 5:2 / 1:1"))}"]\n'
    offs = [game(f" 1) 65: {text}", head=first + HEAD).turns[-1]
            for text in ("6/0 5/0", "6/off 5/off")]
    assert offs[0] == offs[1] and len(offs[0].play.moves) == 2


def test_the_first_player_is_found_by_the_column():
    assert kinds(game("  1) 31: 8/5 6/5")) == [(0, "play")]
    assert kinds(game("  1)                             31: 8/5 6/5")) == [(1, "play")]


def test_a_winner_of_a_resigned_game_is_found_by_the_column():
    line = "  1) 31: 8/5 6/5                 42: 8/4 6/4"
    assert game(line, "      Wins 2 points").winner == 0
    assert game(line, "                                  Wins 2 points").winner == 1
    assert game(line, "  2)  Wins 1 point and the match").winner == 0
    found = game(line, "  2) 21: 13/11 6/5                Wins 3 points")
    assert (found.winner, found.points, found.turns[-1]) == (1, 3, Turn(0, "resign", value=3))


def test_the_score_before_the_next_game_decides_who_won():
    lines = ["  1) 31: 8/5 6/5                 42: 8/4 6/4", "      Wins 1 point", "Game 2",
             "Ann : 0    Bob : 1", " 1) 31: 8/5 6/5"]
    assert game(*lines).winner == 1
    lines.pop(1)
    assert (game(*lines).winner, game(*lines).points) == (1, 1)
    assert game(*lines).turns[-1] == Turn(0, "resign", value=1)
    lines[2] = "Ann : 0    Bob : 0"
    assert (game(*lines).winner, game(*lines).points) == (None, 0)


def test_a_double_that_was_given_up_without_a_word_was_dropped():
    found = game("  1) 31: 8/5 6/5                 42: 8/4 6/4", "  2)  Doubles => 2",
                 "      Wins 1 point")
    assert kinds(found)[-2:] == [(0, "double"), (1, "drop")] and found.points == 1


def test_scores_and_points_of_the_file_stand_even_where_the_rules_give_others():
    match = parse_mat(HEAD + "  1) 31: 8/5 6/5                  Doubles => 2\n  2)  Drops\n"
                      "                       Wins 2 points\n\n Game 2\n Ann : 1   Bob : 4\n"
                      "  1) 31: 8/5 6/5\n")
    assert (match.games[0].winner, match.games[0].points) == (1, 2)
    assert match.games[1].state == MatchState(5, (1, 4), crawford=True)


def test_the_crawford_game_is_found_by_the_scores():
    scores = [(0, 0), (4, 0), (4, 1), (4, 2)]
    text = " 5 point match\n" + "".join(
        f" Game {n}\n Ann : {a}   Bob : {b}\n" for n, (a, b) in enumerate(scores, 1))
    assert [g.state.crawford for g in parse_mat(text).games] == [False, True, False, False]
    off = '; [Crawford "Off"]\n' + text
    assert not any(g.state.crawford for g in parse_mat(off).games)


def test_a_file_that_begins_after_the_crawford_game_is_known_by_its_double():
    head = HEAD.replace("Bob : 0", "Bob : 4")
    assert game("  1) 31: 8/5 6/5", head=head).state.crawford
    found = game("  1) 31: 8/5 6/5                 42: 8/4 6/4", "  2)  Doubles => 2", head=head)
    assert not found.state.crawford


def test_a_roll_at_the_end_that_has_not_been_played_is_left_out():
    assert kinds(game("  1) 31: 8/5 6/5                 42:")) == [(0, "play")]
    assert kinds(game("  1)                             42:")) == []


def test_a_file_without_its_length_is_a_session():
    assert parse_mat("Game 1\nAnn : 0  Bob : 0\n").length == 0


# Bad files

GOOD = "  1) 31: 8/5 6/5                 42: 8/4 6/4"


@pytest.mark.parametrize("lines, why", [
    (["  1) 31: 8/5 7/5"], "line 5, game 1: '8/5 7/5' is not legal with 31"),
    (["  1) 31: 8/5 spam"], "line 5, game 1: 'spam' is not play notation"),
    ([GOOD, "", "  2) 31:                         42: 8/4 6/4"],
     "line 7, game 1: '' moves nothing, but the roll can be played"),
    ([GOOD, "  2)  Takes"], "line 6, game 1: there is no double to take"),
    ([GOOD, "  2)  Doubles => 4"], "line 6, game 1: a double to 4 .* must be to 2"),
    ([GOOD, "  2)  Doubles => 2                31: 8/5 6/5"],
     "line 6, game 1: a double must be answered"),
    ([GOOD, "  2)  Beavers => 4"], "line 6, game 1: 'Beavers => 4' is no turn"),
    ([GOOD, "  2)  Doubles => 2                Beavers => 4"], "line 6, game 1: .* is no turn"),
    ([GOOD, "  2)  Doubles => 2                Drops", "  3) 31: 8/5 6/5"],
     "line 7, game 1: the game is over"),
    ([GOOD, "  2) 31: 13/10 6/5", "  3) 11: 8/7 8/7 6/5 6/5       42: 8/4 6/4"],
     "line 7, game 1: Ann is not on turn, but Bob; is a turn missing?"),
    ([GOOD, "spam"], "line 6, game 1: 'spam' is no turn"),
    ([GOOD, "", " 7 point match"], "line 7: another match begins"),
    (["Game 2", GOOD], "line 6: .* must be the names and scores"),
])
def test_bad_files_are_refused_with_line_and_game(lines, why):
    with pytest.raises(TranscriptError, match=why) as caught:
        game(*lines)
    assert "\n" not in str(caught.value)


def test_a_double_in_the_crawford_game_of_a_position_is_refused():
    record = MatchRecord(MatchState(5, (0, 4), crawford=True), on_roll=0, turn=0)
    comment = f'; [Position "{encode_position(start())}:{encode_match_id(record)}"]\n'
    with pytest.raises(TranscriptError, match="line 7, game 1: nobody may double in the Crawford"):
        game(GOOD, "  2)  Doubles => 2", head=comment + HEAD.replace("Bob : 0", "Bob : 4"))


@pytest.mark.parametrize("text", ["", "\n\n", "spam", "; [Site \"x\"]", " 5 point match\n", "\x00"])
def test_files_without_a_game_are_refused(text):
    with pytest.raises(TranscriptError, match="line 1: there is no game"):
        parse_mat(text)


@pytest.mark.parametrize("position", ["spam", "4HPwATDgc/ABMA:spam", "//8PAAAA4HPwAQ"])
def test_bad_positions_are_refused(position):
    with pytest.raises(TranscriptError, match="line 1, game 1"):
        parse_mat(f'; [Position "{position}"]\n{HEAD}')


@pytest.mark.parametrize("line", [
    " Game 1", "1) 31:", "31: 8/5 6/5 42: 8/4 6/4 31: 8/5 6/5", "Wins", "Wins 0 points", "Doubles",
    "Takes 9", "1) Doubles =>", f"Wins {'9' * 5000} points", f"Doubles => {'9' * 5000}", "66:66:",
    "\x00", "1)", ";", "; [Position \"\"]", "١) ٣١: ٨/٥", "11: 1/1", "77: 8/5"])
def test_odd_lines_are_read_or_refused_by_the_files_own_error(line):
    for text in (HEAD + line, HEAD + GOOD + "\n" + line, line + "\n" + HEAD):
        try:
            parse_mat(text)
        except EngineError as error:
            assert isinstance(error, TranscriptError) and "\n" not in str(error)


def test_a_damaged_file_raises_nothing_but_its_own_error():
    text = (DATA / "gnubg-match.mat").read_text()
    for at in range(0, len(text), 101):
        for damaged in (text[:at], text[:at] + "7" + text[at + 1:], text[:at] + text[at + 9:]):
            try:
                parse_mat(damaged)
            except EngineError as error:
                assert isinstance(error, TranscriptError) and "\n" not in str(error)
