"""Search ahead: against the recursion in plain NumPy, exact tables, and what filters promise."""

from __future__ import annotations

import numpy as np
import pytest

from agent import endgame, outcome, search
from agent.catalog import get
from agent.checkpoint import flatten
from agent.errors import AgentError
from agent.players.network import NetworkAgent, consistent
from agent.players.pubeval import PubevalAgent
from agent.players.searching import SearchingAgent, judge_of, searching
from agent.protocol import Agent, Evaluator
from agent.quick import quick_for
from agent.search import Filter, Judge, Search, keep
from engine.dice import ROLL_WEIGHTS, ROLLS
from engine.game import results
from engine.plays import afterstates_of
from tests.agent import oracle
from tests.agent.judges import Exact, network
from tests.engine.positions import pos

PARAMS = oracle.random_params(3, scale=4)
OTHER = oracle.random_params(4, scale=4)
FLAT, OTHER_FLAT = (
    {k: v.astype(float) for k, v in flatten(params).items()} for params in (PARAMS, OTHER))
EVERYTHING = (Filter(10**6, np.inf),)
RNG = np.random.default_rng(0)
# Near the end: few plays, hits and entering from the bar among them.
LATE = ["7:1 3:2 / 8:1 2:2", "bar:1 4:1 / 6:2 3:2 22:1", "8:1 2:1 / 20:1 1:3",
        "3:1 2:1 / 24:1 6:14"]


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_BLOCKS", (32, 8))
        yield


@pytest.fixture(scope="module")
def tiny() -> SearchingAgent:
    """Return a player two plies deep, whose search the tests share: it compiles once."""
    return SearchingAgent(network(PARAMS), 2, precision="float32")


@pytest.fixture(scope="module")
def exact() -> Search:
    return Search(Exact())


def values(boards, net=FLAT) -> np.ndarray:
    """Return the outcomes float64[N, 5] by which the tiny net chooses, or another one."""
    exact = endgame.evaluated(boards, lambda some: oracle.values(net, some))
    return np.where(outcome.is_over(boards)[:, None], outcome.terminal(boards), exact)


def ahead(board, plies: int) -> np.ndarray:
    """Return the n-ply outcomes float64[5] of the tiny net, one play after the other."""
    if results(board) or plies == 0:
        return consistent(values(board[None]))[0]
    total = np.zeros(5)
    for roll, weight in zip(ROLLS, ROLL_WEIGHTS, strict=True):
        legal = afterstates_of(board, *roll.tolist())
        best = legal[np.argmin(outcome.equity(values(legal)))]
        total += weight * outcome.flip(ahead(best, plies - 1))
    return total


def some(positions, count):
    return positions[0][np.linspace(0, 299, count).astype(int)]


# What a position is worth


def test_one_ply_is_the_mean_over_the_rolls_of_the_best_plays(tiny, positions):
    boards = some(positions, 12)
    found = tiny.search.outcomes(boards, 1)
    assert found.shape == (12, 5) and found.dtype == np.float32
    np.testing.assert_allclose(found, [ahead(b, 1) for b in boards], atol=2e-5)
    assert np.abs(found - tiny.judge.evaluate(boards)).max() > 0.01


@pytest.mark.parametrize("text", LATE)
def test_two_plies_are_the_mean_over_the_rolls_of_one_ply(tiny, text):
    found = tiny.search.outcomes(pos(text)[None], 2)[0]
    np.testing.assert_allclose(found, ahead(pos(text), 2), atol=2e-5)
    assert np.abs(found - ahead(pos(text), 1)).max() > 1e-4


def test_only_in_the_last_of_several_plies_the_quick_net_chooses_alone(tiny, monkeypatch):
    asked, real = [], tiny.search.replies
    monkeypatch.setattr(
        tiny.search, "replies", lambda boards, alone: asked.append(alone) or real(boards))
    for plies, expected in ((1, [False]), (2, [False, True]), (3, [False, False, True])):
        asked.clear()
        tiny.search.outcomes(pos("8:1 2:1 / 20:1 1:3")[None], plies)
        assert asked == expected


def test_no_ply_is_the_opinion_of_the_net(tiny, positions):
    boards = some(positions, 5)
    assert (tiny.search.outcomes(boards, 0) == tiny.judge.evaluate(boards)).all()


@pytest.mark.parametrize("plies", [0, 1, 2])
def test_games_that_are_over_are_worth_what_was_lost(tiny, plies):
    boards = np.stack([pos(f"{rest} / ") for rest in ("6:14", "6:15", "24:15")])
    found = tiny.search.outcomes(boards, plies)
    assert outcome.equity(found).tolist() == [-1, -2, -3]


@pytest.mark.parametrize("plies", [1, 2])
def test_a_game_that_every_roll_ends_is_won(tiny, plies):
    found = tiny.search.outcomes(np.stack([pos("2:1 / 24:1 6:14"), pos("1:2 / 6:14")]), plies)
    np.testing.assert_allclose(found, [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], atol=1e-6)


def test_how_many_are_asked_at_once_does_not_matter(tiny, positions):
    boards = np.concatenate([some(positions, 45), some(positions, 45)[::-1], [pos("6:2 / ")]])
    together = tiny.search.outcomes(boards, 1)
    singly = np.concatenate([tiny.search.outcomes(b[None], 1) for b in boards[::7]])
    np.testing.assert_allclose(together[::7], singly, atol=1e-5)
    np.testing.assert_allclose(together[:45], together[89:44:-1], atol=0)
    assert tiny.search.outcomes(boards[:0], 2).shape == (0, 5)


def test_many_parts_are_as_one(tiny, positions, monkeypatch):
    boards = some(positions, 20)
    whole = tiny.search.outcomes(boards, 1)
    monkeypatch.setattr(search, "_PART", 7)
    np.testing.assert_allclose(tiny.search.outcomes(boards, 1), whole, atol=1e-5)


@pytest.mark.parametrize("plies", [0, 1, 2, 3])
def test_a_search_with_exact_values_finds_the_same_at_every_depth(exact, plies):
    boards = np.stack([pos(p) for p in (
        "6:2 5:1 / 6:1 4:1", "1:1 / 1:1", "6:6 / 6:6", "3:2 1:1 / 6:3 2:1", "2:5 1:1 / 4:4")])
    truth = exact.judge.evaluate(boards)
    assert np.ptp(truth[:, 0]) > 0.05
    np.testing.assert_allclose(exact.outcomes(boards, plies), truth, atol=2e-6)


def test_replies_are_legal_and_worth_what_the_net_says(tiny, positions):
    boards = some(positions, 10)
    found = tiny.search.replies(boards)
    for board, after, worth in zip(boards, found.boards, found.outcomes, strict=True):
        for roll, play, value in zip(ROLLS, after, worth, strict=True):
            legal = afterstates_of(board, *roll.tolist())
            assert (legal == play).all((1, 2)).any()
            least = outcome.equity(values(legal)).min()
            assert outcome.equity(values(play[None]))[0] == pytest.approx(least, abs=1e-4)
            np.testing.assert_allclose(
                outcome.flip(value), tiny.judge.evaluate(play[None])[0], atol=2e-5)


def test_replies_of_the_quick_net_alone_are_worth_what_the_judge_says(positions):
    boards = some(positions, 8)
    found = Search(network(PARAMS), quick=network(OTHER)).replies(boards, alone=True)
    differing = 0
    for board, after, worth in zip(boards, found.boards, found.outcomes, strict=True):
        for roll, play, value in zip(ROLLS, after, worth, strict=True):
            legal = afterstates_of(board, *roll.tolist())
            least = outcome.equity(values(legal, OTHER_FLAT)).min()
            assert outcome.equity(values(play[None], OTHER_FLAT))[0] == pytest.approx(
                least, abs=1e-4)
            np.testing.assert_allclose(outcome.flip(value), consistent(values(play[None]))[0],
                                       atol=2e-5)
            differing += outcome.equity(values(play[None]))[0] > outcome.equity(
                values(legal)).min() + 1e-3
    assert differing > 20


# Which plays are looked at


def test_a_filter_keeps_the_best_few_that_are_near_the_best():
    worth = np.array([0.1, 0.3, 0.2, 0.3, -1.0, 5.0, 4.9, 4.8])
    owner = np.array([0, 0, 0, 0, 1, 2, 2, 2])
    assert keep(worth, owner, Filter(9, 9)).tolist() == list(range(8))
    assert keep(worth, owner, Filter(9, 0.15)).tolist() == [1, 2, 3, 4, 5, 6]
    assert keep(worth, owner, Filter(2, 9)).tolist() == [1, 3, 4, 5, 6]
    assert keep(worth, owner, Filter(1, 9)).tolist() == [1, 4, 5]


def decisions(positions, count):
    """Return boards and rolls, and all their after-positions with owners."""
    at = np.linspace(0, 299, count).astype(int)
    boards, dice = positions[0][at], positions[1][at]
    legal = [afterstates_of(b, *d.tolist()) for b, d in zip(boards, dice, strict=True)]
    owner = np.repeat(np.arange(count), [len(some) for some in legal])
    return boards, dice, np.concatenate(legal), owner


@pytest.mark.parametrize("plies", [1, 2])
def test_a_choice_drops_what_the_filters_say_and_nothing_else(tiny, positions, plies):
    filters = (Filter(4, 0.2), Filter(2, 0.1))
    _, _, after, owner = decisions(positions, 12)
    found = tiny.search.best(after, owner, 12, plies, filters)
    changed = 0
    for game in range(12):
        plays = np.flatnonzero(owner == game)
        expected = plays
        for ply in range(plies):
            worth = -outcome.equity(tiny.search.outcomes(after[expected], ply)).astype(float)
            order = np.argsort(-worth, kind="stable")[: filters[ply].keep]
            near = worth[order] >= worth[order[0]] - filters[ply].within
            expected = np.sort(expected[order[near]])
        worth = -outcome.equity(tiny.search.outcomes(after[expected], plies))
        assert found[game] == expected[np.argmax(worth)]
        changed += found[game] != tiny.search.best(after, owner, 12, 0)[game]
    assert changed


def test_without_a_filter_every_play_is_looked_at(tiny, positions):
    _, _, after, owner = decisions(positions, 9)
    worth = -outcome.equity(tiny.search.outcomes(after, 1))
    expected = [np.flatnonzero(owner == g)[np.argmax(worth[owner == g])] for g in range(9)]
    assert tiny.search.best(after, owner, 9, 1, EVERYTHING).tolist() == expected


def test_a_filter_of_one_play_leaves_the_choice_of_the_net(tiny, positions, monkeypatch):
    _, _, after, owner = decisions(positions, 9)
    monkeypatch.setattr(tiny.search, "replies", None)  # nothing has to be looked at
    found = tiny.search.best(after, owner, 9, 2, (Filter(1, 9.0),))
    worth = -outcome.equity(tiny.judge.evaluate(after))
    assert (worth[found] == np.maximum.reduceat(worth, np.searchsorted(owner, range(9)))).all()
    assert (owner[found] == range(9)).all()


def test_the_replies_to_a_play_are_found_once(tiny, positions, monkeypatch):
    _, _, after, owner = decisions(positions, 6)
    asked, real = [], tiny.search.replies
    monkeypatch.setattr(
        tiny.search, "replies", lambda boards, alone=False: asked.append(boards) or real(boards))
    tiny.search.best(after, owner, 6, 2, (Filter(3, 9.0), Filter(2, 9.0)))
    # To three plays of each game that has a choice; then only to what follows from two of them.
    legal = np.bincount(owner)
    legal = legal[legal > 1]
    assert len(asked[0]) == np.minimum(legal, 3).sum() > 6
    assert sum(map(len, asked[1:])) <= 21 * 2 * len(legal)


# The player


def test_a_searching_player_is_an_agent_that_knows_chances(tiny):
    assert isinstance(tiny, Agent) and isinstance(tiny, Evaluator)
    assert tiny.name == "net:2" and tiny.start(3) is None
    assert not isinstance(tiny, Judge) and isinstance(tiny.judge, Judge)


def test_a_batch_of_games_is_played_as_each_alone(tiny, positions):
    boards, dice, after, owner = decisions(positions, 12)
    together, memory = tiny.choose(boards, dice, None, RNG)
    assert memory is None and together.dtype == np.int8
    for board, roll, chosen in zip(boards, dice, together, strict=True):
        assert (tiny.choose(board[None], roll[None], None, RNG)[0][0] == chosen).all()
    assert (after[tiny.search.best(after, owner, 12, 2)] == together).all()
    assert tiny.choose(boards[:0], dice[:0], None, RNG)[0].shape == (0, 2, 25)


def test_looking_ahead_finds_what_the_net_does_not_see(tiny):
    """The best of two moves is worth what its replies are worth, not what the net believes."""
    boards, dice = np.stack([pos(p) for p in LATE]), np.array([[2, 1]] * 4, np.int8)
    player = SearchingAgent(tiny.judge, 1, EVERYTHING)
    player.search = tiny.search
    for board, chosen in zip(boards, player.choose(boards, dice, None, RNG)[0], strict=True):
        legal = afterstates_of(board, 2, 1)
        worth = [-outcome.equity(ahead(after, 1)) for after in legal]
        assert -outcome.equity(ahead(chosen, 1)) == pytest.approx(max(worth), abs=2e-5)


def test_evaluation_is_that_of_the_search(tiny, positions):
    boards = some(positions, 3)
    assert (tiny.evaluate(boards) == tiny.search.outcomes(boards, 2)).all()


# Names


def test_networks_that_look_ahead_have_names():
    for name, plies in (("pretrained:1", 1), ("pretrained:2", 2)):
        agent = get(name)
        assert isinstance(agent, SearchingAgent)
        assert (agent.name, agent.plies, agent.judge.name) == (name, plies, "pretrained")
        assert judge_of(agent) == (agent.judge, plies)
    assert isinstance(get("pretrained:0"), NetworkAgent)
    assert get("pretrained", 1).name == "pretrained:1"
    assert get("pretrained", 0).name == get("pretrained").name == "pretrained"


def test_checkpoints_anywhere_look_ahead_too(tmp_path):
    from agent.catalog import _shipped

    data = (_shipped() / "td-gammon.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(data)
    agent = get(f"{tmp_path / 'a.npz'}:1")
    assert isinstance(agent, SearchingAgent) and agent.name == "a.npz:1"
    (tmp_path / "a.npz:1").write_bytes(data)
    assert isinstance(get(f"{tmp_path / 'a.npz:1'}"), NetworkAgent)


@pytest.mark.parametrize(("name", "ply", "message"), [
    ("pretrained:3", None, "pretrained:3: plies must be 0, 1 or 2, as in pretrained:0"),
    ("pretrained:", None, "plies must be"),
    ("pretrained:-1", None, "plies must be"),
    ("pretrained:1:1", None, "unknown agent 'pretrained:1:1'"),
    ("nobody:1", None, "unknown agent 'nobody:1'"),
    ("pubeval:1", None, "pubeval cannot look ahead"),
    ("random", 1, "random cannot look ahead"),
    ("pubeval", 0, "pubeval cannot look ahead"),
    ("pretrained:1", 1, "pretrained:1 says how far to look ahead; leave out one of the two"),
])
def test_what_cannot_look_ahead_is_told_in_one_line(name, ply, message):
    with pytest.raises(AgentError, match=message) as caught:
        get(name, ply)
    assert "\n" not in str(caught.value)


def test_only_networks_look_ahead(tiny):
    for agent in (PubevalAgent(), tiny):
        with pytest.raises(AgentError, match="cannot look ahead"):
            searching(agent, 1)
    with pytest.raises(AgentError, match="pubeval is no network"):
        judge_of(PubevalAgent())


def test_a_small_net_looks_first_where_the_judge_is_large():
    quick = quick_for(get("pretrained"))
    assert quick is not None and quick.name == "quick" and quick is quick_for(get("pretrained"))
    assert quick_for(quick) is quick_for(network(PARAMS)) is quick_for(Exact()) is None
    agent = get("pretrained:1")
    assert isinstance(agent, SearchingAgent) and agent.search.quick is quick
