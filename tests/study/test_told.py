"""What being told is worth: the turns that are written down, and how they are judged again."""

from __future__ import annotations

import numpy as np
import pytest

from agent import outcome
from agent.arena import play_games
from agent.errors import ConfigError
from agent.nets.numpy_remembering import driven, first_states, step
from agent.players.pubeval import PubevalAgent
from study import told
from tests.agent.test_remembering import agent_of


def test_turns_are_written_down_game_by_game():
    recorder, rival = told.Recorder(agent_of("contextual")), PubevalAgent()
    points, plies = play_games(recorder, rival, 6, 3)
    again, lengths = play_games(agent_of("contextual"), rival, 6, 3)
    assert points.tolist() == again.tolist() and plies.tolist() == lengths.tolist()
    # Even games the agent begins, odd ones the rival.
    mine = [(n + 1 - g % 2) // 2 for g, n in enumerate(lengths)]
    assert np.bincount(np.concatenate([t.game for t in recorder.turns]), minlength=6
                       ).tolist() == mine
    for k, turn in enumerate(recorder.turns):
        assert set(turn.game) == {g for g in range(6) if mine[g] > k}
        # A checker of the opponent moves only to the bar.
        borne = turn.left[:, 0].sum(-1) - turn.found[:, 1].sum(-1)
        assert not borne.any()


@pytest.mark.parametrize("name", ["self", "pubeval", told.ALONE])
def test_positions_are_judged_from_the_memory_of_their_game(name):
    agent = agent_of("contextual")
    recorder = told.Recorder(agent)
    play_games(recorder, PubevalAgent(), 4, 3)
    values = told.equities(agent, recorder.turns, 4, name)
    mine = agent if name == told.ALONE else agent.against(name)
    for game in range(4):
        past = []
        for k, turn in enumerate(recorder.turns):
            at = np.flatnonzero(turn.game == game)
            if not len(at):
                assert np.isnan(values[k, game])
                continue
            board, left = turn.found[at[0]], turn.left[at[0]]
            if name == told.ALONE:
                expected = outcome.equity(agent._of_net(board[None]))[0]
            else:
                expected = equity_after(mine, past, board)
            assert values[k, game] == pytest.approx(expected, abs=1e-5)
            past.append((board, left))


def equity_after(agent, past, board):
    memory = agent.recall(past)
    states = None if not past else agent._states(
        {"states": {n: leaf[0] for n, leaf in memory["states"].items()}})
    parts = agent.params["params"]
    if states is None:
        states = first_states(parts, agent._spec, agent._number, agent.features.encode(board))
    sums = driven(parts, agent._spec, agent.features.encode(board), agent._who, np)
    return outcome.equity(step(sums, states, parts, agent._spec)[0])


def test_the_truth_is_compared_with_each_other_name(monkeypatch):
    agent = agent_of("contextual")
    monkeypatch.setattr(told.catalog, "get",
                        lambda name: PubevalAgent() if name == "pubeval" else agent)
    settings = told.Settings("mine", games=8, judged=6)
    which = told.runs(settings)[-1]
    assert which == {"opponent": "pubeval", "seed": 1}
    asked = []
    found = told.run(settings, which, lambda done, words: asked.append(done))
    assert asked == [0, 8, 16, 24] and told.work(settings, which) == 30
    assert found["told"].keys() == {"self", "random", "pubeval"}
    assert found["gain"].keys() == {"self", "random"}
    gain = found["told"]["pubeval"]["ppg"]["mean"] - found["told"]["self"]["ppg"]["mean"]
    assert found["gain"]["self"]["mean"] == pytest.approx(gain)
    first = found["turns"][0]
    assert (first["first"], first["last"], first["positions"]) == (1, 3, 18)
    worse = first["error"]["self"] - first["error"]["pubeval"]
    assert first["worse"]["self"]["mean"] == pytest.approx(worse)
    assert told.run(settings, which, lambda done, words: None, lambda: True) is None


@pytest.mark.parametrize(("given", "said"), [
    ({"games": 2}, "games must be at least 4, not 2"),
    ({"judged": 0}, "judged must be at least 4, not 0"),
])
def test_counts_that_cannot_be_are_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        told.Settings(**given)


def test_only_a_contextual_agent_can_be_told():
    with pytest.raises(ConfigError, match="td-gammon cannot be told of opponents"):
        told.runs(told.Settings("td-gammon"))
