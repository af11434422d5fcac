"""Checker moves of a batch: those that ``engine.plays`` shows, and none legal but what rules allow.

The oracle tries every order of every move; positions are such as hardly any game leads to.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.board import start
from engine.checker_moves import MOST, NONE, OFF, Moves, between, can_move, made, most_moves
from engine.checker_moves import sources as batch_sources
from engine.dice import roll_batch
from engine.errors import EngineError
from engine.plays import Search, plays
from tests.engine.weird import weird_boards


@pytest.fixture(scope="module")
def turns():
    """1,500 positions with rolls."""
    rng = np.random.default_rng(7)
    return weird_boards(rng, 1500), roll_batch(rng, 1500)


def as_moves(turns):
    """Return lists of (source, target) as an array each."""
    found = Moves(*(np.full((len(turns), MOST), NONE, np.int8) for _ in range(2)))
    for i, pairs in enumerate(turns):
        for k, pair in enumerate(pairs):
            found.source[i, k], found.target[i, k] = pair
    return found


def pairs_of(moves, i):
    return [(int(s), int(t)) for s, t in zip(moves.source[i], moves.target[i], strict=True)
            if s != NONE]


def everything(board, dice):
    """Return every legal complete play, moves in every order, as {moves: packed position}."""
    search, found = Search(board), {}

    def go_on(left, moves):
        stuck = True
        for die in sorted(set(left), reverse=True):
            for source in search.sources(die):
                stuck = False
                rest = list(left)
                rest.remove(die)
                hit = search.make(source, die)
                go_on(rest, (*moves, (source, max(source - die, OFF), die)))
                search.undo(source, die, hit)
        if stuck:
            packed = search.packed
            found[moves] = packed

    high, low = max(map(int, dice)), min(map(int, dice))
    go_on([high] * 4 if high == low else [high, low], ())
    most = max(map(len, found))
    kept = [moves for moves in found if len(moves) == most]
    if most == 1 and any(moves[0][2] == high for moves in kept):
        kept = [moves for moves in kept if moves[0][2] == high]
    return {tuple((s, t) for s, t, _ in moves) for moves in kept}


def test_the_moves_between_two_positions_are_those_that_plays_shows(turns):
    rng = np.random.default_rng(1)
    rows, afters, shown = [], [], []
    for i, (board, dice) in enumerate(zip(*turns, strict=True)):
        legal = plays(board, *map(int, dice))
        for at in rng.choice(len(legal), min(len(legal), 6), replace=False):
            rows.append(i)
            afters.append(legal[at].after)
            shown.append([(move.source, move.target) for move in legal[at].moves])
    boards, dice, afters = turns[0][rows], turns[1][rows], np.array(afters)
    found = between(boards, dice, afters)
    assert [pairs_of(found, i) for i in range(len(rows))] == shown
    assert {len(moves) for moves in shown} == {0, 1, 2, 3, 4}, "every length occurs"
    ends, legal = made(boards, dice, found)
    assert legal.all() and np.array_equal(ends, afters)
    dice = dice[:, ::-1]
    assert all(np.array_equal(*both) for both in zip(between(boards, dice, afters), found,
                                                     strict=True)), "dice have no order"


def test_moves_are_legal_in_just_the_orders_in_which_the_rules_allow_them(turns):
    rng = np.random.default_rng(2)
    rows, tried, right = [], [], []
    for i, (board, dice) in enumerate(zip(turns[0][:500], turns[1][:500], strict=True)):
        legal = everything(board, dice)
        some = sorted(legal)[rng.integers(len(legal))]
        changed = [list(some), list(some[:-1]), list(some[::-1]),
                   [some[k] for k in rng.permutation(len(some))],
                   [(int(rng.integers(25)), t) for _, t in some],
                   [(s, int(rng.integers(-1, 24))) for s, t in some],
                   [*some, *some][:MOST]]
        if dice[0] != dice[1]:
            # One checker with one die, which is a complete play where no other move is left.
            changed += [[(s, max(s - int(die), OFF))] for die in dice
                        for s in rng.choice(np.flatnonzero(board[0]), 2)]
        for moves in changed:
            rows.append(i)
            tried.append(moves)
            right.append(tuple(moves) in legal)
    _, legal = made(turns[0][rows], turns[1][rows], as_moves(tried))
    wrong = np.flatnonzero(legal != np.array(right))
    assert not len(wrong), (turns[0][rows[wrong[0]]], turns[1][rows[wrong[0]]], tried[wrong[0]])
    assert 0.2 < np.mean(right) < 0.8


def test_as_many_moves_are_known_to_be_possible_as_the_longest_play_has(turns):
    longest = [len(plays(board, *map(int, dice))[0].moves)
               for board, dice in zip(*turns, strict=True)]
    assert most_moves(*turns).tolist() == longest
    assert set(longest) == {0, 1, 2, 3, 4}


def test_a_checker_may_move_where_the_search_says_so(turns):
    boards, dice = turns
    found = batch_sources(boards, dice[:, 0])
    for board, die, said in zip(boards, dice[:, 0], found, strict=True):
        assert set(np.flatnonzero(said)) == set(Search(board).sources(int(die)))
    at = found.argmax(1).astype(np.int8)
    assert np.array_equal(can_move(boards, at, dice[:, 0]), found.any(1))


def test_positions_that_no_moves_join_are_named():
    board = np.stack([start()] * 3)
    after = np.ascontiguousarray(board[:, ::-1])
    after[1, 1, [7, 5, 4]] += np.array([-1, -1, 2], np.int8)
    with pytest.raises(EngineError, match="turn 0: no legal moves lead") as refusal:
        between(board[1:], np.array([[3, 2]] * 2, np.int8), after[1:])
    assert "\n" not in str(refusal.value)
    assert between(board[:0], np.zeros((0, 2), np.int8), after[:0]).source.shape == (0, MOST)
