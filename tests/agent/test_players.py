"""The players: what they choose is legal, is what their score says, and is the same both ways."""

import numpy as np
import pytest

from agent import endgame, outcome
from agent.catalog import get
from agent.checkpoint import Checkpoint, save, unflatten
from agent.features import tesauro198
from agent.nets import numpy_mlp
from agent.nets.registry import build
from agent.players.network import NetworkAgent, consistent
from agent.players.pubeval import _WEIGHTS, PubevalAgent, inputs
from agent.players.random_play import RandomAgent
from agent.players.scored import FEW, block_size
from agent.protocol import Agent, Evaluator
from engine.board import has_contact, start
from engine.plays import afterstates_of, plays
from tests.agent.oracle import HIDDEN, assert_uniform, racing_params, random_params
from tests.engine.positions import pos

CLOSED_OUT = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2")


def network(params, **more) -> NetworkAgent:
    settings = {"hidden": [HIDDEN], **more}
    return NetworkAgent("net", "mlp", settings, "tesauro198-v1", params)


@pytest.fixture(scope="module")
def agents() -> dict[str, object]:
    """Return one of each, which the tests of this file share: each compiles once."""
    return {"pubeval": PubevalAgent(), "net": network(random_params(3, scale=4)),
            "relu": network(random_params(4), activation="relu"), "random": RandomAgent()}


EACH = pytest.mark.parametrize("name", ["pubeval", "net", "relu", "random"])
SCORED = pytest.mark.parametrize("name", ["pubeval", "net", "relu"])


@pytest.fixture(scope="module")
def many(agents, positions):
    """Return what each agent chooses in the 300 positions at once, on the device."""
    rng = np.random.default_rng(1)
    return {name: agent.choose(*positions, None, rng)[0] for name, agent in agents.items()}


@pytest.fixture(scope="module")
def few(agents, positions):
    """Return what each chooses in NumPy, a few positions at a time."""
    rng = np.random.default_rng(1)
    parts = [slice(i, i + 20) for i in range(0, 300, 20)]
    return {
        name: np.concatenate(
            [agent.choose(positions[0][p], positions[1][p], None, rng)[0] for p in parts])
        for name, agent in agents.items()
    }


def test_players_are_agents_and_networks_evaluators(agents):
    assert all(isinstance(agent, Agent) for agent in agents.values())
    assert isinstance(agents["net"], Evaluator) and not isinstance(agents["pubeval"], Evaluator)
    assert all(agent.start(5) is None for agent in agents.values())


# Choosing


@EACH
def test_every_choice_is_a_legal_play(agents, many, few, positions, name):
    assert 20 < FEW <= 300 < block_size()
    for chosen in (many[name], few[name]):
        assert chosen.shape == (300, 2, 25) and chosen.dtype == np.int8
        for after, board, dice in zip(chosen, *positions, strict=True):
            legal = afterstates_of(board, *dice.tolist())
            assert (legal == after).all((-2, -1)).any()


@SCORED
def test_numpy_and_the_device_choose_plays_of_equal_score(agents, many, few, positions, name):
    agent, different, rng = agents[name], 0, np.random.default_rng(1)
    for by_device, by_numpy, board in zip(many[name], few[name], positions[0], strict=True):
        score = agent.scores(np.stack([by_device, by_numpy]), board, rng)
        assert abs(score[0] - score[1]) < 1e-5
        different += (by_device != by_numpy).any()
    assert different < 10


@SCORED
def test_no_play_has_a_higher_score_than_the_one_chosen(agents, few, positions, name):
    rng = np.random.default_rng(1)
    for chosen, board, dice in zip(few[name], *positions, strict=True):
        options = afterstates_of(board, *dice.tolist())
        best = agents[name].scores(options, board, rng).max()
        found = agents[name].scores(chosen[None], board, rng)[0]
        assert found == pytest.approx(best, abs=1e-5)


@SCORED
@pytest.mark.parametrize("size", [FEW, 57, 512, 513, 900])
def test_how_many_are_asked_at_once_does_not_matter(agents, many, positions, name, size):
    """Blocks are filled up with other positions, and many positions take several blocks."""
    at = np.arange(size) % 300
    chosen, _ = agents[name].choose(positions[0][at], positions[1][at], None,
                                    np.random.default_rng(2))
    rng = np.random.default_rng(1)
    for i in np.nonzero((chosen != many[name][at]).any((-2, -1)))[0]:
        pair = np.stack([chosen[i], many[name][at[i]]])
        score = agents[name].scores(pair, positions[0][at[i]], rng)
        assert abs(score[0] - score[1]) < 1e-5


@EACH
def test_no_positions_are_no_problem(agents, name):
    none = np.zeros((0, 2, 25), np.int8), np.zeros((0, 2), np.int8)
    assert agents[name].choose(*none, None, np.random.default_rng(1))[0].shape == (0, 2, 25)


@EACH
@pytest.mark.parametrize("size", [1, 40])
def test_who_cannot_move_passes_the_turn(agents, name, size):
    boards = np.repeat(CLOSED_OUT[None], size, axis=0)
    dice = np.full((size, 2), 6, np.int8)
    chosen, _ = agents[name].choose(boards, dice, None, np.random.default_rng(1))
    assert (chosen == CLOSED_OUT[::-1]).all()


@pytest.mark.parametrize("size", [1, 40])
def test_for_pubeval_finishing_the_game_beats_everything_else(agents, size):
    # A 6 and a 1: both checkers off, or 6/5 and the 6 bears off from there, leaving one.
    board = pos("6:1 1:1 / 6:15")
    assert sorted(len(a[1].nonzero()[0]) for a in afterstates_of(board, 6, 1)) == [0, 1]
    chosen, _ = agents["pubeval"].choose(np.repeat(board[None], size, 0),
                                    np.full((size, 2), [6, 1], np.int8), None,
                                    np.random.default_rng(1))
    assert not chosen[:, 1].any()


def test_the_boards_asked_about_are_left_alone(agents, positions):
    boards, dice = positions[0].copy(), positions[1].copy()
    for size in (3, 300):
        for agent in agents.values():
            agent.choose(boards[:size], dice[:size], None, np.random.default_rng(1))
    assert (boards == positions[0]).all() and (dice == positions[1]).all()


# Random play


@pytest.mark.parametrize("size", [20, 512])
def test_random_play_makes_every_legal_play_equally_often(agents, size):
    rng = np.random.default_rng(4)
    for roll in ((3, 1), (1, 1)):
        legal = [play.after.tobytes() for play in plays(start(), *roll)]
        boards, dice = np.repeat(start()[None], size, 0), np.full((size, 2), roll, np.int8)
        made = []
        for _ in range(2048 // size):
            chosen, _ = agents["random"].choose(boards, dice, None, rng)
            made += [after.tobytes() for after in chosen]
        assert_uniform([made.count(after) for after in legal])


@pytest.mark.parametrize("size", [10, 300])
def test_random_play_depends_on_the_generator_only(agents, positions, size):
    def play(seed):
        rng = np.random.default_rng(seed)
        return agents["random"].choose(positions[0][:size], positions[1][:size], None, rng)[0]

    assert (play(1) == play(1)).all()
    assert not (play(1) == play(2)).all()


def test_the_blocks_of_a_large_batch_differ_in_their_luck(agents):
    boards, dice = np.repeat(start()[None], 1024, 0), np.full((1024, 2), [3, 1], np.int8)
    chosen, _ = agents["random"].choose(boards, dice, None, np.random.default_rng(1))
    assert not (chosen[:512] == chosen[512:]).all()


# Pubeval


def scalar_pubeval(after, weights) -> float:
    """Score an after-position as Tesauro's program does: one array of 28, one input at a time.

    The mover's checkers count positive on his points 1 to 24, the opponent's negative; 0 is the
    opponent's bar, 26 the checkers the mover has borne off.
    """
    theirs, mine = after.tolist()
    position = [0] * 28
    for point in range(1, 25):
        position[point] = mine[point - 1] - theirs[24 - point]
    position[0], position[26] = -theirs[24], 15 - sum(mine)
    x = [0.0] * 122
    for block in range(24):
        n = position[24 - block]
        if n == -1:
            x[5 * block] = 1.0
        if n == 1:
            x[5 * block + 1] = 1.0
        if n >= 2:
            x[5 * block + 2] = 1.0
        if n == 3:
            x[5 * block + 3] = 1.0
        if n >= 4:
            x[5 * block + 4] = (n - 3) / 2
    x[120], x[121] = -position[0] / 2, position[26] / 15
    return sum(a * float(w) for a, w in zip(x, weights, strict=True))


def test_pubeval_scores_as_the_program_from_scratch(agents, positions):
    tried, rng = {True: 0, False: 0}, np.random.default_rng(1)
    for board, dice in zip(*positions, strict=True):
        options = afterstates_of(board, *dice.tolist())[:3]
        contact = bool(has_contact(board))
        weights = _WEIGHTS[0 if contact else 1]
        expected = [scalar_pubeval(after, weights) for after in options]
        np.testing.assert_allclose(inputs(options) @ weights, expected, rtol=1e-4, atol=1e-4)
        found = agents["pubeval"].scores(options, board, rng)
        going_on = options[:, 1].any(-1)
        np.testing.assert_allclose(found[going_on], np.array(expected)[going_on],
                                   rtol=1e-4, atol=1e-4)
        tried[contact] += len(options)
    assert tried[True] > 300 and tried[False] > 20


def test_pubevals_weights_are_those_published():
    assert _WEIGHTS.shape == (2, 122) and _WEIGHTS.dtype == np.float32
    contact, race = _WEIGHTS.astype(float)
    assert contact[[0, 61, 121]].tolist() == pytest.approx([0.25696, 0.13003, -2.758])
    # A race has no use for the opponent's blots and bar.
    assert not race[:120:5].any() and race[120] == 0
    assert race[[1, 61, 121]].tolist() == pytest.approx([-0.1716, 1.07274, 3.4204])
    np.testing.assert_allclose(np.abs(_WEIGHTS).sum(-1), [118.1399, 122.1836], atol=1e-3)


def test_pubeval_plays_by_the_phase_before_the_play(agents):
    """A play that breaks the last contact is still one of contact."""
    board = pos("13:2 6:13 / 13:1 6:14")
    rng = np.random.default_rng(1)
    after = afterstates_of(board, 6, 5)
    broke = ~has_contact(after)
    assert has_contact(board) and broke.any()
    found = agents["pubeval"].scores(after, board, rng)
    np.testing.assert_allclose(found, inputs(after) @ _WEIGHTS[0], rtol=1e-5)


# Networks


def test_a_network_knows_the_outcome_of_finished_games_exactly(agents):
    boards = np.stack([pos("1:1 / "), pos("6:15 / "), pos("24:15 / "), start()])
    found = agents["net"].evaluate(boards)
    assert found.shape == (4, 5) and found.dtype == np.float32
    assert (found[:3] == outcome.of_points(np.array([-1, -2, -3]))).all()
    assert ((found[3] > 0) & (found[3] < 1)).all()
    np.testing.assert_allclose(agents["net"].evaluate(start()), found[3:], atol=1e-6)


def test_a_network_evaluates_the_same_on_the_device(agents, positions):
    net = agents["net"]
    for size in (1, 5, 300):
        boards = positions[0][:size]
        by_numpy = numpy_mlp.apply(net.params, tesauro198(boards))
        np.testing.assert_allclose(net._evaluate_on_device(boards), by_numpy, atol=3e-6)
    assert net._evaluate_on_device(positions[0][:0]).shape == (0, 5)


def test_an_evaluation_never_contradicts_itself(agents, positions):
    found = agents["net"].evaluate(positions[0])
    raw = endgame.evaluated(
        positions[0], lambda b: numpy_mlp.apply(agents["net"].params, tesauro198(b)))
    win, wg, wbg, lg, lbg = found.T
    assert (wbg <= wg).all() and (wg <= win).all() and (lbg <= lg).all() and (lg <= 1 - win).all()
    assert (found != raw).any() and (found[:, 0] == raw[:, 0]).all()
    assert (consistent(found) == found).all()


def test_a_network_prefers_what_is_worst_for_the_opponent(agents):
    net = network(racing_params(1))
    after = afterstates_of(start(), 6, 5)
    chosen, _ = net.choose(start()[None], np.array([[6, 5]], np.int8), None,
                           np.random.default_rng(1))
    theirs = numpy_mlp.apply(net.params, tesauro198(after))
    assert (chosen[0] == after[np.argmin(outcome.equity(theirs))]).all()


def test_two_hidden_layers_agree_with_flax():
    rng = np.random.default_rng(1)
    shapes = numpy_mlp.shapes(198, (6, 3), 5)
    params = unflatten({k: rng.normal(size=s).astype("f4") for k, s in shapes.items()})
    x = rng.normal(size=(7, 198)).astype("f4")
    x[0] *= 1000  # saturated, without overflow
    by_flax = build("mlp", {"hidden": [6, 3]}).apply(params, x)
    np.testing.assert_allclose(numpy_mlp.apply(params, x), by_flax, atol=3e-6)
    with pytest.raises(KeyError, match="mlp"):
        build("transformer", {})


def test_a_checkpoint_becomes_a_player(agents, positions, tmp_path):
    net = agents["net"]
    meta = {"net": "mlp", "settings": {"hidden": [HIDDEN]}, "features": "tesauro198-v1",
            "config": {}, "games": 0, "seed": 1, "results": {}}
    save(tmp_path / "mine.npz", Checkpoint(meta, net.params))
    player = get(str(tmp_path / "mine.npz"))
    assert player.name == "mine.npz"
    assert (player.evaluate(positions[0]) == net.evaluate(positions[0])).all()


@pytest.mark.parametrize(("settings", "activation"), [
    ({"hidden": [HIDDEN]}, "sigmoid"),
    ({"hidden": [HIDDEN], "activation": "relu"}, "relu"),
])
def test_a_checkpoint_plays_with_its_activation_or_sigmoids(
        agents, positions, tmp_path, settings, activation):
    """Checkpoints from before there was a choice do not name one."""
    params = agents["relu"].params
    meta = {"net": "mlp", "settings": settings, "features": "tesauro198-v1",
            "config": {}, "games": 0, "seed": 1, "results": {}}
    save(tmp_path / "mine.npz", Checkpoint(meta, params))
    player = get(str(tmp_path / "mine.npz"))
    raw = endgame.evaluated(
        positions[0], lambda b: numpy_mlp.apply(params, tesauro198(b), activation))
    np.testing.assert_allclose(player.evaluate(positions[0]), consistent(raw), atol=1e-6)
    rng = np.random.default_rng(1)
    assert len(player.choose(positions[0][:5], positions[1][:5], None, rng)[0]) == 5


@pytest.mark.parametrize("name", ["pretrained", "td-gammon"])
def test_the_nets_that_are_shipped_load_and_play(name):
    player = get(name)
    chosen, _ = player.choose(start()[None], np.array([[3, 1]], np.int8), None,
                              np.random.default_rng(1))
    # The point five, as every book has it.
    assert (chosen[0] == afterstates_of(start(), 3, 1)).all((1, 2)).any()
    assert chosen[0][1, [4, 5, 7]].tolist() == [2, 4, 2]
