"""Nets that remember: what they are shown, what they keep, and that both engines agree."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent import catalog, memory, outcome
from agent.checkpoint import Checkpoint, save
from agent.errors import AgentError
from agent.features import feature_set
from agent.nets import numpy_nets, numpy_remembering
from agent.nets.numpy_recurrent import leaves, on_leaves
from agent.nets.registry import build
from agent.nets.remembering import recurrence
from agent.nets.settings import complete, plain
from agent.players.made import player
from agent.players.random_play import RandomAgent
from agent.protocol import Recalling
from engine import packed
from engine.board import flip, start
from engine.dice import opening_batch, roll_batch
from engine.plays import afterstates_of

TESAURO = "tesauro198-v1"
SMALL = {
    "lstm": ("lstm", {"width": 6, "layers": 2}),
    "lstm fgr": ("lstm", {"width": 5, "variant": "fgr"}),
    "hm-lstm": ("hm-lstm", {"width": 5, "layers": 3}),
    "contextual": ("contextual", {"width": 6}),
    "contextual free": ("contextual", {"width": 6, "initial": "free", "opponents": ["pubeval"]}),
    "fast weights": ("contextual", {"width": 5, "cell": "fast-weights"}),
}
EACH = pytest.mark.parametrize("kind", SMALL)


def random_params(net, settings, seed=0):
    rng = np.random.default_rng(seed)
    tree = {}
    for path, shape in numpy_nets.NETS[net].shapes(198, settings, 5).items():
        node = tree
        *parents, name = path.split("/")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = rng.normal(0, 0.4, shape).astype(np.float32)
    return tree


@cache
def agent_of(kind):
    """Return a small player; the same one each time, since compiling it takes seconds."""
    net, given = SMALL[kind]
    settings = plain(complete(net, given))
    return player(kind, net, settings, TESAURO, random_params(net, settings))


def games_after(turns, count, seed=1):
    """Return boards int8[count, 2, 25] after some turns of random games."""
    rng = np.random.default_rng(seed)
    boards, anyone = np.broadcast_to(start(), (count, 2, 25)).copy(), RandomAgent()
    for turn in range(turns):
        rolls = opening_batch(rng, count) if turn == 0 else roll_batch(rng, count)
        boards, _ = anyone.choose(boards, rolls, None, rng)
    return boards


def played(agent, turns, count, seed=2):
    """Play some turns of an agent and of one at random; return found boards, rolls, memories."""
    rng, anyone, told = np.random.default_rng(seed), RandomAgent(), []
    boards, remembered = games_after(2, count), agent.start(count)
    for _ in range(turns):
        rolls = roll_batch(rng, count)
        after, new = agent.choose(boards, rolls, remembered, rng)
        told.append((boards, rolls, after, remembered, new))
        boards, _ = anyone.choose(after, roll_batch(rng, count), None, rng)
        remembered = new
    return told


def assert_close(found, expected, atol=2e-5):
    assert found["fresh"].tolist() == expected["fresh"].tolist()
    assert found["states"].keys() == expected["states"].keys()
    for name, leaf in found["states"].items():
        np.testing.assert_allclose(leaf, expected["states"][name], atol=atol)


@EACH
def test_numpy_and_jax_judge_alike(kind):
    net, given = SMALL[kind]
    agent, boards = agent_of(kind), games_after(7, 40)
    inputs = agent.features.encode(boards)
    module = build(net, agent.settings)
    shapes = jax.tree.map(np.shape, jax.eval_shape(module.init, jax.random.key(1), inputs))
    assert shapes == jax.tree.map(np.shape, agent.params)
    found = np.asarray(jax.jit(module.apply)(agent.params, inputs))
    expected = numpy_nets.NETS[net].apply(agent.params, inputs, agent.settings)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_every_parameter_begins_as_its_kind_says():
    settings = plain(complete("hm-lstm", {"width": 4}))
    params = build("hm-lstm", settings).init(jax.random.key(0), jnp.zeros((1, 198)))["params"]
    # The boundaries' biases come last.
    assert params["stack"]["layer0"]["bias"][-1] == pytest.approx(0.4)
    assert not np.any(params["outcome"]["bias"])
    settings = plain(complete("contextual", {"width": 4}))
    params = build("contextual", settings).init(jax.random.key(0), jnp.zeros((1, 198)))["params"]
    context = 3 + 198
    assert all(leaf["kernel"].shape == (context, 4) for leaf in params["initial"].values())
    assert params["stack"]["layer0"]["input"].shape[0] == 199, "who is on roll comes behind"


@EACH
def test_candidates_are_steps_from_the_memory_of_their_game(kind):
    net, _ = SMALL[kind]
    agent, boards = agent_of(kind), games_after(6, 5)
    how = recurrence(net, agent.settings, feature_set(TESAURO))
    rng = np.random.default_rng(3)
    states = on_leaves(lambda a: rng.normal(size=a.shape).astype("f4"), how.spec.zero_states(5))
    if kind == "hm-lstm":
        states = tuple(s._replace(boundary=(s.boundary > 0).astype("f4")) for s in states)
    legal = [afterstates_of(board, 3, 1) for board in boards]
    owner = np.repeat(np.arange(5), [len(some) for some in legal])
    after, who = np.concatenate(legal), rng.choice([-1, 0, 1], len(owner)).astype("f4")
    mine = on_leaves(lambda a: a[owner], states)
    words = packed.pack(jnp.asarray(after))
    values = how.candidates(agent.params)(words, jnp.asarray(who), mine).T
    never = jnp.zeros(len(owner), bool)
    expected, _ = how.see(agent.params, jnp.asarray(after), who, never.astype(int), never, mine)
    np.testing.assert_allclose(values, expected, atol=2e-5)


@EACH
def test_what_is_fresh_begins_anew_and_the_rest_goes_on(kind):
    net, _ = SMALL[kind]
    agent, boards = agent_of(kind), jnp.asarray(games_after(6, 4))
    how = recurrence(net, agent.settings, feature_set(TESAURO))
    states = on_leaves(lambda a: a + np.float32(1), how.spec.zero_states(4))
    fresh = jnp.array([True, False, True, False])
    nobody = jnp.zeros(4, jnp.int32)
    values, after = how.see(agent.params, boards, jnp.zeros(4), nobody, fresh, states)
    alone = agent._of_net(np.asarray(boards))
    np.testing.assert_allclose(values[fresh], alone[np.asarray(fresh)], atol=1e-5)
    assert np.abs(np.asarray(values)[~np.asarray(fresh)] - alone[~np.asarray(fresh)]).max() > 1e-3
    assert all(np.isfinite(leaf).all() for leaf in leaves(after))


@EACH
def test_a_thousand_games_are_a_thousand_single_games(kind):
    agent, rng = agent_of(kind), np.random.default_rng(0)
    differing = 0
    for boards, rolls, after, old, new in played(agent, 3, 1000)[1:]:
        for game in range(0, 1000, 40):
            one = slice(game, game + 1)
            mine = {"fresh": old["fresh"][one],
                    "states": {name: leaf[one] for name, leaf in old["states"].items()}}
            left, found = agent.choose(boards[one], rolls[one], mine, rng)
            if (left[0] != after[game]).any():
                # Two plays that are the same to float32's rounding.
                values = outcome.equity(np.stack(
                    [worth(agent, boards[game], b, mine) for b in (left[0], after[game])]))
                assert abs(values[0] - values[1]) < 1e-5
                differing += 1
                continue
            assert_close(found, {"fresh": new["fresh"][one], "states": {
                name: leaf[one] for name, leaf in new["states"].items()}}, atol=1e-4)
    # Units of random weights are often saturated, and then plays are worth the same.
    assert differing <= 5


def worth(agent, board, left, remembered):
    """Return the outcomes float32[5] after a play, from the memory of one game before it."""
    states = {name: leaf[0] for name, leaf in remembered["states"].items()}
    mine = None if remembered["fresh"][0] else agent._states({"states": states})
    mine = agent._after(board, mine, agent._who)
    parts = agent.params["params"]
    told = numpy_remembering.driven(
        parts, agent._spec, agent.features.encode(left), -agent._who, np)
    return numpy_remembering.step(told, mine, parts, agent._spec)[0]


@EACH
def test_rejected_candidates_never_advance_the_memory(kind):
    agent = agent_of(kind)
    assert isinstance(agent, Recalling)
    told = played(agent, 3, 3)
    turns = [[(boards[game], after[game]) for boards, _, after, _, _ in told] for game in range(3)]
    last = told[-1][-1]
    for game in range(3):
        mine = {"fresh": last["fresh"][game:game + 1], "states": {
            name: leaf[game:game + 1] for name, leaf in last["states"].items()}}
        assert_close(agent.recall(turns[game]), mine)
    assert agent.recall([])["fresh"].tolist() == [True]


def test_what_was_seen_before_changes_what_a_position_is_worth():
    agent = agent_of("lstm")
    board = games_after(8, 1)[0]
    seen = [(games_after(2, 1, s)[0], flip(games_after(3, 1, s)[0])) for s in (4, 5)]
    values = [worth(agent, board, flip(board), agent.recall([turn])) for turn in seen]
    assert np.abs(values[0] - values[1]).max() > 1e-3


@pytest.mark.parametrize("kind", ["lstm fgr", "hm-lstm", "contextual", "fast weights"])
def test_a_game_laid_aside_in_the_middle_goes_on_with_the_same_choices(kind, tmp_path):
    agent, rng = agent_of(kind), np.random.default_rng(0)
    told = played(agent, 4, 30)
    kept = told[1][-1]
    memory.save(tmp_path / "memory.npz", kept)
    again = memory.load(tmp_path / "memory.npz", agent_of(kind))
    for name, leaf in kept["states"].items():
        assert np.array_equal(leaf, again["states"][name])
    for boards, rolls, after, _, _ in told[2:]:
        left, again = agent.choose(boards, rolls, again, rng)
        assert np.array_equal(left, after)


def test_the_memory_of_another_agent_is_refused(tmp_path):
    path = tmp_path / "memory.npz"
    memory.save(path, agent_of("lstm").start(3))
    for other in (agent_of("lstm fgr"), RandomAgent()):
        with pytest.raises(AgentError, match="holds no memory of"):
            memory.load(path, other)
    memory.save(path, None)
    assert memory.load(path, RandomAgent()) is None
    with pytest.raises(AgentError, match="holds no memory of"):
        memory.load(path, agent_of("lstm"))
    path.write_bytes(b"nonsense")
    with pytest.raises(AgentError, match="no file of a memory"):
        memory.load(path, agent_of("lstm"))
    with pytest.raises(AgentError, match="cannot be written"):
        memory.save(tmp_path / "nowhere" / "memory.npz", None)


# Whom it is told of


def test_a_contextual_agent_can_be_told_whom_it_plays_against(tmp_path):
    agent = agent_of("contextual")
    meta = {"net": "contextual", "settings": agent.settings, "features": TESAURO, "games": 0,
            "config": {}, "seed": 0, "results": {}}
    path = tmp_path / "net.npz"
    save(path, Checkpoint(meta, agent.params))
    told = catalog.get(f"{path}:random")
    assert told.opponent == "random" and told.name == "net.npz:random"
    assert catalog.get(f"{path}:pubeval:0").opponent == "pubeval"
    with pytest.raises(AgentError, match="stand forgetful or 0, 1 or 2 plies, or self, or random"):
        catalog.get(f"{path}:gnubg")
    with pytest.raises(AgentError, match="knows the opponents self, random, pubeval, not 'gnubg'"):
        agent.against("gnubg")
    boards, rolls = games_after(4, 60), roll_batch(np.random.default_rng(1), 60)
    rng = np.random.default_rng(0)
    # So few that nothing is compiled.
    ways = [one.choose(boards[:20], rolls[:20], one.start(20), rng)[0]
            for one in (agent, agent.against("random"), agent.against("pubeval"))]
    assert all((ways[0] != way).any() for way in ways[1:])
    # Few and many at once are judged alike, told or not.
    few, _ = told.choose(boards[:5], rolls[:5], told.start(5), rng)
    assert np.array_equal(few, told.choose(boards, rolls, told.start(60), rng)[0][:5])


def test_a_forgetful_agent_is_one_whose_games_always_begin(tmp_path):
    agent, rng = agent_of("lstm"), np.random.default_rng(0)
    forgetful = agent.forgetful()
    assert forgetful.start(3) is None and forgetful.name == "lstm:forgetful"
    boards, rolls = games_after(6, 20), roll_batch(rng, 20)
    np.testing.assert_allclose(forgetful.evaluate(boards), agent.evaluate(boards))
    # Its candidates have no memory, the other's that of the position before the roll.
    mine, _ = agent.choose(boards, rolls, None, rng)
    other, _ = forgetful.choose(boards, rolls, None, rng)
    assert (mine != other).any()


def test_search_looks_at_positions_without_history():
    agent = catalog.searching(agent_of("lstm"), 1)
    boards, rolls = games_after(5, 2), roll_batch(np.random.default_rng(1), 2)
    after, remembered = agent.choose(boards, rolls, agent.start(2), np.random.default_rng(0))
    assert remembered is None and after.shape == (2, 2, 25)
