"""Random plays put the games elsewhere; what is learned is what the net's own play is worth."""

from functools import cache, partial

import jax
import numpy as np
import pytest

from agent import exploring, outcome, selfplay
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.features import tesauro198
from agent.greedy import evaluator
from agent.nets import numpy_mlp
from agent.nets.mlp import MLP
from engine.board import start
from engine.plays import afterstates_of
from tests.agent.oracle import HIDDEN, assert_uniform, racing_params
from tests.compiling import quickly

GAMES, PLIES = 16, 40


@pytest.fixture(scope="module")
def draw():
    return quickly(jax.jit(exploring.random_plays))


def test_every_distinct_play_is_equally_likely():
    draw = quickly(jax.jit(exploring.random_plays))
    boards = np.repeat(start()[None], 3, axis=0)
    dice = np.array([[3, 1], [6, 6], [2, 2]], np.int8)
    drawn = [np.asarray(draw(jax.random.key(k), boards, dice)) for k in range(2000)]
    for game in range(3):
        legal = afterstates_of(boards[game], *dice[game].tolist())
        of_game = np.stack(drawn)[:, game]
        same = (of_game[:, None] == legal).all((-2, -1))
        assert same.sum(1).tolist() == [1] * len(of_game)
        assert_uniform(same.sum(0))


def test_equal_positions_get_equal_plays_wherever_they_stand(draw):
    boards, dice = np.repeat(start()[None], 4, axis=0), np.full((4, 2), [5, 2], np.int8)
    found = np.asarray(draw(jax.random.key(1), boards, dice))
    assert (found == found[0]).all()


def test_one_half_of_the_games_makes_no_random_play_and_the_last_makes_most():
    rates = exploring.rates(256, 0.25)
    assert not rates[:128].any() and (np.diff(rates[127:]) > 0).all() and rates[-1] == 0.25


@pytest.fixture(scope="module")
def record():
    """Games of ``GAMES`` slots in which up to every play is random: what each ply left."""
    params = racing_params(1)
    encode = partial(tesauro198)
    evaluate = evaluator(MLP(hidden=(HIDDEN,)).apply, encode)
    now = partial(evaluate, params)

    @cache
    def of(explore):
        def play_ply(games, value, key):
            return selfplay._play_ply(
                now, selfplay._by_rows(now), games, value, key, explore=explore)

        play = quickly(jax.jit(play_ply))
        games, found = selfplay.new_games(GAMES), []
        value = now(games.boards)
        for key in jax.random.split(jax.random.key(7), PLIES):
            before, before_value = games, value
            games, value, ply, _ = play(games, value, key)
            dice = selfplay.roll(key, before.ply == 0)
            found.append(jax.tree.map(np.asarray, (before, before_value, dice, ply, games, value)))
        return params, found

    return of


def net_values(params, boards):
    return numpy_mlp.apply(params, tesauro198(boards))


def best_of(params, board, dice):
    """Return the net's own best play and the outcomes after it, for the opponent."""
    after = afterstates_of(board, *dice.tolist())
    over = outcome.is_over(after)
    theirs = np.where(over[:, None], outcome.terminal(after), net_values(params, after))
    at = int(np.argmin(outcome.equity(theirs)))
    return after[at], theirs[at]


def test_games_stray_only_where_they_shall_and_by_legal_plays(record):
    params, plies = record(1.0)
    strayed = np.zeros((PLIES, GAMES), bool)
    for t, (before, _, dice, ply, games, _) in enumerate(plies):
        for slot in range(GAMES):
            board, roll = before.boards[slot], dice[slot]
            best, _ = best_of(params, board, roll)
            after = games.boards[slot]
            fresh = games.ply[slot] == 0
            strayed[t, slot] = not fresh and not (after == best).all()
            legal = afterstates_of(board, *roll.tolist())
            assert fresh or (legal == after).all((-2, -1)).any()
            if strayed[t, slot]:
                assert ply.over[slot], "what follows a random play must not be credited to it"
    assert not strayed[:, : GAMES // 2].any()
    assert strayed[:, -1].mean() > 0.6 > strayed[:, GAMES // 2 + 2].mean() > 0


def test_the_error_is_that_of_the_nets_own_play_and_the_value_that_of_the_position_met(record):
    params, plies = record(1.0)
    for before, value, dice, ply, games, next_value in plies[5:30:6]:
        for slot in range(GAMES):
            _, theirs = best_of(params, before.boards[slot], dice[slot])
            mine = outcome.flip(theirs)
            error = (mine - value[slot] if before.side[slot] == 0
                     else theirs - outcome.flip(value[slot]))
            np.testing.assert_allclose(ply.delta[slot], error, atol=1e-5)
        np.testing.assert_allclose(next_value, net_values(params, games.boards), atol=1e-5)


def test_games_go_on_from_the_position_met(record):
    _, plies = record(1.0)
    for (before, _, _, _, after, _), (following, *_) in zip(plies, plies[1:], strict=False):
        np.testing.assert_array_equal(after.boards, following.boards)
        on = after.ply > 0
        assert (after.ply[on] == before.ply[on] + 1).all()
        assert (after.side[on] == 1 - before.side[on]).all()


def test_without_it_nothing_changes(record):
    _, plies = record(0.0)
    for _, _, _, ply, games, _ in plies:
        np.testing.assert_array_equal(ply.over, games.ply == 0)


@pytest.mark.parametrize("settings", [
    {"explore": -0.1}, {"explore": 1.1}, {"explore": float("nan")},
    {"net": "lstm", "explore": 0.1, "plies": 4},
])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(ConfigError, match="explore"):
        TrainConfig(**settings)
