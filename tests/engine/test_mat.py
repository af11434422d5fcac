"""Matches in the Jellyfish format: what we write, and what others do."""

import os
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.players.gnubg_program import program
from engine.board import start
from engine.errors import TranscriptError
from engine.game import MatchState
from engine.mat import format_mat, parse_mat, read_notes
from engine.plays import plays
from engine.transcript import GameRecord, Replay, Transcript, Turn, replay
from tests.engine.positions import boards, pos

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=12)


def random_turn(game, rng, resigning, finished):
    """Make some legal turn of a game; return whether to go on."""
    player = game.player
    if game.offered:
        game.add(Turn(player, "take" if rng.random() < 0.7 else "drop"))
    elif game.turns and not game.state.crawford and game.cube < 64 \
            and game.cube_owner in (None, player) and rng.random() < 0.06:
        game.add(Turn(player, "double", value=2 * game.cube))
    elif rng.random() < resigning:
        single = not game.state.length and game.state.jacoby and game.cube_owner is None
        value = 1 if single else int(rng.integers(1, 4))
        game.add(Turn(int(rng.integers(2)), "resign", value=value))
    else:
        roll = tuple(rng.integers(1, 7, 2).tolist())
        options = plays(game.seen(player), *roll)
        game.add(Turn(player, "play", roll, options[rng.integers(len(options))]))
    return game.winner is None and (finished or rng.random() > 0.02)


def random_match(seed, length, *, jacoby=False, names=("Ann", "Bob"), games=4, finished=True,
                 first=None, state=None, resigning=None):
    """Return a match of random turns; the first game may begin anywhere and the last not end."""
    rng = np.random.default_rng(seed)
    state = state or MatchState(length, jacoby=jacoby)
    records = []
    resigning = rng.choice([0, 0.02, 0.2]) if resigning is None else resigning
    while not state.over and len(records) < games:
        board = start() if first is None or records else first
        game = Replay(state, board, int(rng.integers(2)))
        last = len(records) == games - 1
        while random_turn(game, rng, resigning, finished or not last):
            pass
        records.append(game.record())
        if game.winner is None:
            break
        state = following(state, game)
    return Transcript(names, length, tuple(records))


def following(state, game):
    """Return the state after a game, by the engine's own scoring."""
    played = MatchState(state.length, state.score, game.cube, game.cube_owner, state.crawford,
                        state.jacoby)
    for times in (1, 2, 3):
        after = played.add_game(times, game.winner)
        if after.score[game.winner] - state.score[game.winner] == game.points:
            return after
    raise AssertionError("no game gives so many points")


def assert_same(one, two):
    assert (one.names, one.length, len(one.games)) == (two.names, two.length, len(two.games))
    for a, b in zip(one.games, two.games, strict=True):
        assert (a.state, a.winner, a.points) == (b.state, b.winner, b.points)
        assert (a.first == b.first).all() and b.first.dtype == np.int8
        assert a.turns == b.turns


# Back and forth


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([0, 1, 2, 3, 5, 7, 25]), st.booleans(), st.booleans())
def test_matches_and_sessions_come_back(seed, length, jacoby, finished):
    match = random_match(seed, length, jacoby=jacoby, finished=finished)
    text = format_mat(match)
    assert_same(parse_mat(text), match)
    assert format_mat(parse_mat(text)) == text


@settings(max_examples=20)
@given(st.integers(0, 2**32), boards(), st.integers(0, 6), st.integers(0, 3),
       st.sampled_from([None, 0, 1]), st.booleans())
def test_positions_set_up_by_hand_come_back(seed, board, points, cube, owner, crawford):
    state = MatchState(7, (points, 3), 1 << cube, owner, crawford=crawford and points == 6)
    match = random_match(seed, 7, first=board, state=state, games=2)
    text = format_mat(match)
    assert "; [Position " in text
    assert_same(parse_mat(text), match)


@given(NAMES, NAMES)
def test_names_come_back(one, two):
    match = Transcript((one, two), 3, (GameRecord(MatchState(3), start()),))
    assert parse_mat(format_mat(match)).names == (one, two)


def test_a_score_after_the_crawford_game_comes_back():
    match = random_match(1, 5, state=MatchState(5, (4, 2)), games=1)
    assert_same(parse_mat(format_mat(match)), match)


def test_a_match_that_has_only_begun_comes_back():
    match = Transcript(("Ann", "Bob"), 5, (GameRecord(MatchState(5), start()),))
    assert_same(parse_mat(format_mat(match)), match)


def test_notes_come_back():
    match = random_match(1, 3)
    text = format_mat(match, notes={"Seed": "12", "Event": 'Club "night"\n]'})
    notes = read_notes(text)
    assert (notes["Seed"], notes["Event"]) == ("12", 'Club "night" ]')
    assert_same(parse_mat(text), match)


@pytest.mark.parametrize("name", ["Position", "position", "player 1", "", "a\nb", 'a"', "a]"])
def test_notes_cannot_pass_for_something_else(name):
    with pytest.raises(TranscriptError, match="cannot name a note"):
        format_mat(random_match(1, 3), notes={name: "x"})


# How it looks

SHORT = """\
; [Player 1 "Ann"]
; [Player 2 "Bob: B"]

 3 point match

 Game 1
 Ann : 0                              Bob_ B : 0
  1)                                  41: 24/23 13/9
  2) 62: 24/18 18/16*                 65: 25/20 24/18
  3)  Doubles => 2                     Drops
      Wins 1 point

 Game 2
 Ann : 1                              Bob_ B : 0
  1) 55: 13/8 13/8 8/3 8/3             Wins 2 points

 Game 3
 Ann : 1                              Bob_ B : 2
  1) 64: 24/18 18/14                  55: 8/3 8/3 6/1* 6/1
  2) 66:
"""


def test_a_match_looks_like_this():
    match = parse_mat(SHORT)
    assert format_mat(match) == SHORT
    assert [(game.winner, game.points) for game in match.games] == [(0, 1), (1, 2), (None, 0)]
    assert [game.state.crawford for game in match.games] == [False, False, True]
    assert match.games[1].turns[-1] == Turn(0, "resign", value=2)
    third = pos("bar:1 14:1 13:5 8:3 6:5 / 24:2 13:5 8:1 6:3 3:2 1:2")
    assert (replay(match.games[2]).board == third).all()


def test_the_last_line_names_the_match_where_it_is_won():
    lines = format_mat(random_match(2, 1)).splitlines()
    assert "Wins" in lines[-1] and lines[-1].endswith(" and the match")
    assert "match" not in format_mat(random_match(2, 0, games=1)).splitlines()[-1]


# Playing through


def test_a_replay_knows_the_cube_and_whose_turn_it_is():
    game = parse_mat(SHORT).games[0]
    offered = replay(game, 4)
    assert (offered.player, offered.offered, offered.cube) == (1, True, 1)
    assert (replay(game).winner, replay(game).points) == (0, 1)
    taken = replay(game, 4)
    taken.add(Turn(1, "take"))
    assert (taken.player, taken.offered, taken.cube, taken.cube_owner) == (0, False, 2, 1)


@pytest.mark.parametrize("turn, why", [
    (Turn(1, "double", value=2), "it is the turn of player 1"),
    (Turn(0, "take"), "no double to take"), (Turn(0, "drop"), "no double to drop"),
    (Turn(0, "double", value=4), "must be to 2"), (Turn(0, "resign", value=4), "1, 2 or 3"),
    (Turn(0, "play"), "must have its roll")])
def test_a_replay_refuses_turns_out_of_turn(turn, why):
    with pytest.raises(TranscriptError, match=why):
        replay(parse_mat(SHORT).games[0], 3).add(turn)


def test_the_jacoby_rule_makes_a_gammon_single_without_a_double():
    game = Replay(MatchState(jacoby=True), start(), 0)
    game.add(Turn(0, "resign", value=2))
    assert (game.winner, game.points) == (1, 1)


# GNU Backgammon itself


@pytest.mark.skipif(program() is None, reason="needs the program gnubg")
@pytest.mark.parametrize("seed, length", [(1, 7), (2, 11), (3, 0), (4, 1)])
def test_gnu_backgammon_reads_and_writes_the_same_match(seed, length, tmp_path):
    match = random_match(seed, length, jacoby=not length, names=("Ann Lee", "Bob"), resigning=0.02)
    # It forgets games that were given up before the first play.
    assert all(game.turns[0].kind == "play" for game in match.games)
    ours, theirs = tmp_path / "ours.mat", tmp_path / "theirs.mat"
    ours.write_text(format_mat(match, notes={"Seed": "1"}))
    commands = ["set confirm new off", "set confirm save off", f"import mat {ours}",
                f"export match mat {theirs}", "quit", "y"]
    subprocess.run([program(), "-t", "-q", "-r", "-s", str(tmp_path)], text=True, timeout=180,
                   input="\n".join(commands) + "\n", capture_output=True, check=True,
                   env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"})
    # It does not write whether the Jacoby rule holds.
    text = theirs.read_text()
    assert_same(parse_mat(f'; [Jacoby "On"]\n{text}' if not length else text), match)
