"""Races are played by the tables and the net for races, all else by the network."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from agent import endgame, outcome, race, selfplay
from agent.catalog import get
from agent.greedy import chooser, evaluator
from agent.nets.mlp import MLP
from engine import bearoff, packed
from engine.afterstates import Chunk
from engine.board import start
from engine.race import is_race
from tests.engine.positions import pos, random_game

LATE = "1:4 3:2 / 2:3 4:2"


@cache
def mixed():
    """Return positions of games, some of them in the bear-off."""
    met = [board for seed in range(12) for board, _ in random_game(seed)]
    boards = np.stack(met)
    known = bearoff.covers(boards)
    assert 10 < known.sum() < len(boards) - 10
    return boards, known


def test_races_are_not_asked_of_the_network_and_all_else_is():
    boards, known = mixed()
    raced, asked = is_race(boards), []

    def net(some):
        asked.append(some)
        return np.random.default_rng(1).random((len(some), 5)).astype(np.float32)

    found = endgame.evaluated(boards, net)
    assert len(asked) == 1 and np.array_equal(asked[0], boards[~raced])
    assert np.array_equal(found[~raced], net(boards[~raced]))
    assert np.array_equal(found[known], bearoff.load().outcomes(boards[known]))
    others = raced & ~known
    judged = race.outcomes(endgame.knowledge(), boards[others])
    assert others.sum() > 10 and np.allclose(found[others], judged, atol=1e-6)


def test_the_network_is_not_asked_where_all_are_races():
    boards, known = mixed()
    found = endgame.evaluated(boards[known], None)
    assert np.array_equal(found, bearoff.load().outcomes(boards[known]))


def test_the_device_is_corrected_alike():
    boards, known = mixed()
    judge = endgame.knowledge_on_device()
    evaluate = endgame.exact_in_bearoff(lambda words: jnp.full((5, words.shape[1]), 0.25), judge)
    run = jax.jit(evaluate)
    for kind in (known | ~known, ~is_race(boards), known, is_race(boards) & ~known):
        some = np.resize(boards[kind], boards.shape)
        found = np.asarray(run(packed.pack(jnp.asarray(some)))).T
        right = endgame.evaluated(some, lambda b: np.full((len(b), 5), 0.25, np.float32))
        assert np.allclose(found, right, atol=1e-5)


def test_a_network_evaluates_the_bear_off_exactly():
    agent = get("td-gammon")
    boards = np.stack([pos(LATE), start()])
    found = agent.evaluate(boards)
    assert np.allclose(found[0], bearoff.load().outcomes(boards[:1])[0], atol=1e-6)
    net = chooser(agent.net, agent.settings, agent.features.name)(agent.params)
    own = np.asarray(net(packed.pack(jnp.asarray(boards)))).T
    assert np.allclose(found[1], own[1], atol=1e-5)
    assert abs(found[0] - own[0]).max() > 1e-4


def test_one_position_and_many_are_played_alike_in_the_bear_off():
    agent, rng = get("td-gammon"), np.random.default_rng(1)
    boards, known = mixed()
    boards = np.resize(boards[known], (64, 2, 25))
    dice = rng.integers(1, 7, (64, 2)).astype(np.int8)
    many, _ = agent.choose(boards, dice, None, rng)
    for board, roll, after in zip(boards, dice, many, strict=True):
        one, _ = agent.choose(board[None], roll[None], None, rng)
        values = outcome.equity(agent.evaluate(np.stack([one[0], after])))
        assert abs(values[0] - values[1]) < 1e-5


def test_scores_of_known_positions_are_exact_equities():
    agent = get("td-gammon")
    boards, known = mixed()
    boards = jnp.asarray(boards[known][:16])
    score = agent.device_scorer()(agent.device_state(), boards)
    everyone = jnp.arange(16, dtype=jnp.int32)
    found = score(Chunk(packed.pack(boards), everyone, everyone >= 0), None)
    right = -outcome.equity(bearoff.load().outcomes(np.asarray(boards)))
    assert np.allclose(found, right, atol=1e-5)


def test_the_tables_are_the_targets_where_they_speak():
    agent = get("td-gammon")
    params = jax.tree.map(jnp.asarray, agent.params)
    evaluate = evaluator(MLP((80,)).apply, agent.features.encode)
    boards = jnp.asarray(np.stack([pos(LATE)] * 4 + [start()] * 4))
    side = jnp.asarray([0, 1] * 4, jnp.int32)
    games = selfplay.Games(boards, side, jnp.full((8,), 5, jnp.int32))
    value = evaluate(params, boards)

    def play(tables):
        def now(b):
            return evaluate(params, b)

        key = jax.random.key(3)
        return selfplay._play_ply(
            now, selfplay._by_rows(now), games, value, key, tables=tables)

    (_, _, plain, _), (after, _, taught, _) = jax.jit(play)(None), jax.jit(play)(
        endgame.tables_on_device())
    assert (np.asarray(taught.over) == 0).all()
    exact = bearoff.load().outcomes(np.asarray(after.boards)[:4])
    right = selfplay.seen_by_first(jnp.asarray(exact), 1 - side[:4])
    right = right - selfplay.seen_by_first(value[:4], side[:4])
    assert np.allclose(taught.delta[:4], right, atol=1e-5)
    assert abs(np.asarray(taught.delta - plain.delta))[:4].max() > 1e-4
    assert np.allclose(taught.delta[4:], plain.delta[4:], atol=1e-6)
