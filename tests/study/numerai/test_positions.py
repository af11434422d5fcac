"""The data set: whose positions, how their games ended, and its file."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from agent.errors import AgentError, ConfigError
from agent.nets.numpy_classes import POINTS
from agent.players.random_play import RandomAgent
from engine import bearoff
from engine.board import has_contact, start
from engine.dice import ROLLS
from engine.game import results
from engine.plays import afterstates_of
from study import game_corpus
from study.numerai import positions
from study.numerai.positions import TEST, TRAIN, Source


@cache
def some():
    return positions.play(("pubeval", "pubeval@siblings", "random@0.5"), ("random",), 12, 4, 3)


def test_every_source_has_its_part_and_its_own_games():
    found = some()
    assert found.sources == ("pubeval", "pubeval@siblings", "random@0.5", "random")
    assert (found.part == np.where(found.source == 3, TEST, TRAIN)).all()
    for game in np.unique(found.game):
        assert len(np.unique(found.source[found.game == game])) == 1
    assert np.bincount(found.source).min() >= 30
    assert set(np.bincount(found.game[found.source == 0])) <= {0, 4}
    assert not (found.boards == start()).all((1, 2)).any()
    assert (POINTS[found.y] == found.points).all()


def test_results_are_those_of_the_player_on_roll():
    rng = np.random.default_rng(5)
    turns = game_corpus.play(RandomAgent(), 30, 7)
    taken = positions._of_turns(turns, 1000, rng, False, positions._Whose(0, TRAIN, 100))
    assert len(taken.boards) == len(turns.game) - 30
    ends = {int(g): turns.afters[turns.game == g][-1] for g in range(30)}
    for game, after in ends.items():
        mine = np.flatnonzero(taken.game == game + 100)
        won = int(results(after))
        # The last turn is the winner's; turns alternate.
        expected = [won if (len(mine) - 1 - i) % 2 == 0 else -won for i in range(len(mine))]
        assert taken.points[mine].tolist() == expected


def test_a_sure_win_is_played_to_its_end():
    board = np.zeros((2, 2, 25), np.int8)
    board[0, 0, 0], board[0, 1, 20] = 1, 15
    board[1, 0, 20], board[1, 1, 0] = 15, 1
    boards = np.repeat(board, 50, axis=0)
    points = positions.ended(RandomAgent(), boards, np.random.default_rng(1))
    assert set(points[:50]) <= {2, 3} and set(points[50:]) <= {-2, -3}


def test_siblings_are_plays_of_one_roll():
    found = some().siblings
    assert len(found.game) > 10 and (found.preferred != found.other).any((1, 2)).all()
    before = game_corpus.play(positions.catalog.get("pubeval"), 12, positions._seed(3, 0, 0))
    for preferred, other, game in list(zip(*found, strict=True))[:10]:
        turns = [board for board, after, g in zip(before.boards, before.afters, before.game,
                                                  strict=True)
                 if g == game and (after == preferred).all()]
        plays = [{after.tobytes() for after in afterstates_of(board, int(a), int(b))}
                 for board in turns for a, b in ROLLS]
        assert any({preferred.tobytes(), other.tobytes()} <= both for both in plays)
        assert any(has_contact(board) for board in turns)


def test_positions_behind_plays_not_made_are_played_on():
    found = some().take(some().source == 1)
    assert len(found.boards) > 30 and (found.boards.sum(-1) > 0).all()
    assert set(found.points) <= set(POINTS.tolist())


def test_truth_is_that_of_the_bear_off_tables():
    found = some()
    known = np.isfinite(found.truth).all(1)
    assert (known == bearoff.covers(found.boards)).all() and known.any()
    np.testing.assert_array_equal(found.truth[known],
                                  bearoff.load().outcomes(found.boards[known]))


def test_the_same_seed_makes_the_same_data():
    again = positions.play(("pubeval",), ("random",), 10, 2, 3)
    other = positions.play(("pubeval",), ("random",), 10, 2, 3)
    third = positions.play(("pubeval",), ("random",), 10, 2, 4)
    for one, two in zip(again[:6], other[:6], strict=True):
        np.testing.assert_array_equal(one, two)
    assert third.boards.shape != again.boards.shape or (third.boards != again.boards).any()


def test_a_data_set_is_read_as_it_was_written(tmp_path):
    positions.write(tmp_path / "p.npz", some())
    found = positions.read(tmp_path / "p.npz")
    for one, two in zip((*found[:6], *found.siblings), (*some()[:6], *some().siblings),
                        strict=True):
        np.testing.assert_array_equal(one, two)
    assert found.sources == some().sources


@pytest.mark.parametrize("spoil, words", [
    (lambda p: p._replace(points=p.points * 0), "points must be"),
    (lambda p: p._replace(boards=p.boards + np.int8(9)), "more than 15 checkers"),
    (lambda p: p._replace(game=p.game[:-1]), "game is of shape"),
    (lambda p: p._replace(part=p.part * 0), "a train and a test part"),
    (lambda p: p._replace(source=p.source + 9), "no known source"),
])
def test_files_of_anything_else_are_refused_in_one_line(tmp_path, spoil, words):
    positions.write(tmp_path / "p.npz", spoil(some()))
    with pytest.raises(AgentError, match=words) as error:
        positions.read(tmp_path / "p.npz")
    assert "\n" not in str(error.value)


def test_no_file_and_a_damaged_one_are_refused(tmp_path):
    positions.write(tmp_path / "p.npz", some())
    (tmp_path / "half.npz").write_bytes((tmp_path / "p.npz").read_bytes()[:500])
    for name in ("half.npz", "none.npz"):
        with pytest.raises(AgentError, match="cannot be read"):
            positions.read(tmp_path / name)


@pytest.mark.parametrize("text", ["random@", "random@2", "random@often", "random@-0.1"])
def test_a_share_of_random_plays_is_a_number(text):
    with pytest.raises(ConfigError, match="0 to 1"):
        Source.of(text)


@pytest.mark.parametrize("given, words", [
    ({"train": ()}, "at least"), ({"train": ("random",), "test": ("random",)}, "once only"),
    ({"games": 9}, "10 games"), ({"per_game": 0}, "10 games"),
    ({"train": ("nobody",)}, "unknown agent"),
])
def test_data_that_make_no_sense_are_refused(given, words):
    settings = {"train": ("pubeval",), "test": ("random",), "games": 10, "per_game": 1, **given}
    with pytest.raises((ConfigError, AgentError), match=words):
        positions.play(**settings, seed=1)
