"""Exported nets answer as the nets they were made of, on the board alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from agent import catalog, outcome
from agent.checkpoint import unflatten
from agent.errors import AgentError
from agent.export import check, interface, onnx_file, trees
from agent.export.graph import Graph
from agent.export.inputs import position, rounded_alike
from agent.export.interface import graph_of
from agent.features import FEATURE_SETS, feature_set
from agent.nets import numpy_remembering, numpy_trees
from agent.nets.numpy_lstm import VARIANTS
from agent.nets.numpy_nets import NETS
from agent.nets.numpy_recurrent import leaves
from agent.nets.settings import complete
from agent.players.made import player
from tests.agent.test_ensemble import EVERY, member, some
from tests.engine.positions import pos, random_game

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

TESAURO, TACTICS = FEATURE_SETS
OVER = np.array([pos(text) for text in (
    "6:2 / ", "24:14 / ", "18:15 / ", "19:1 1:14 / ", "bar:1 6:14 / ", "24:15 / ", "6:15 / ")])
GOING_ON = np.array([pos(text) for text in (
    "24:15 / 2:1", "bar:15 / 6:2", "1:1 / 1:1", "1:15 / 1:15", "bar:1 / bar:1 6:14")])
PLAYED = np.array([board for seed in range(3) for board, _ in random_game(seed)])
BOARDS = np.concatenate([PLAYED[::2], GOING_ON, OVER]).astype(np.int8)


def drawn(net: str, features: str, *, seed: int = 1, opponent: str = "", **settings: Any) -> Any:
    """Return a player of a net with random parameters."""
    rng = np.random.default_rng(seed)
    settings = complete(net, settings)
    shapes = NETS[net].shapes(feature_set(features).size, settings, 5)
    flat = {path: rng.normal(scale=0.4, size=shape).astype("f4") for path, shape in shapes.items()}
    agent = player("drawn", net, settings, features, unflatten(flat))
    return agent.against(opponent) if opponent else agent


def asked(agent: Any) -> Any:
    """Return a function of an agent's inputs: what ONNX Runtime makes of its graph."""
    model = onnx_file.model_of(interface.interface(agent), {})
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return lambda *given: session.run(None, dict(zip(names, given, strict=True)))


def by_numpy(agent: Any, boards: np.ndarray) -> np.ndarray:
    """Return outcomes by the net in NumPy, those of finished games by the rules."""
    inputs = agent.features.encode(boards)
    said = NETS[agent.net].apply(agent.params, inputs, agent.settings)
    over = outcome.is_over(boards)
    return np.where(over[:, None], outcome.terminal(boards), said)


ALONE = {
    "mlp": lambda: drawn("mlp", TESAURO, hidden=(7,)),
    "mlp relu": lambda: drawn("mlp", TESAURO, hidden=(7, 5), activation="relu"),
    "mlp tactics": lambda: drawn("mlp", TACTICS, hidden=(7,)),
    "wide mlp": lambda: drawn("mlp", TACTICS, hidden=(300,)),
    "highway": lambda: drawn("highway", TESAURO, width=6, layers=3),
    "plain": lambda: drawn("highway", TACTICS, width=6, layers=2, gated=False, activation="tanh"),
    "conv": lambda: drawn("conv", TESAURO, channels=3, layers=3, dilation=(1, 4), width=5),
    "conv mean": lambda: drawn("conv", TACTICS, channels=8, layers=2, kernel=5, width=5,
                               head="mean", activation="sigmoid"),
    "plain conv": lambda: drawn("conv", TESAURO, channels=2, layers=1, kernel=1, gated=False),
    **{f"ensemble of {part['kind']}{' map' * bool(part['map_codes'])}":
       lambda part=part: player("e", "ensemble", *of_members([part])) for part in EVERY},
    "ensemble": lambda: player("e", "ensemble", *of_members(EVERY)),
    "forgetful": lambda: drawn("lstm", TESAURO, width=4).forgetful(),
    "forgetful learned": lambda: drawn("contextual", TACTICS, width=4).forgetful(),
}


def of_members(members: list[Any]) -> tuple[Any, str, Any]:
    settings, params = some(members)
    return settings, TESAURO, params


@pytest.mark.parametrize("name", ALONE)
def test_a_graph_says_what_the_net_says(name):
    agent = ALONE[name]()
    outcomes, equity = asked(agent)(BOARDS)
    want = by_numpy(agent, BOARDS)
    assert outcomes.dtype == equity.dtype == np.float32
    assert want[~outcome.is_over(BOARDS)].std(axis=0).max() > 1e-3
    np.testing.assert_allclose(outcomes, want, atol=1e-5)
    np.testing.assert_allclose(equity, outcome.equity(want), atol=2e-5)


@pytest.mark.parametrize("name", ["mlp", "ensemble", "conv"])
def test_finished_games_are_exact(name):
    outcomes, equity = asked(ALONE[name]())(OVER)
    np.testing.assert_array_equal(outcomes, outcome.terminal(OVER))
    assert equity.tolist() == [-1, -1, -2, -3, -3, -3, -2]


@pytest.mark.parametrize("features", FEATURE_SETS)
def test_inputs_are_those_of_the_features(features):
    graph = Graph()
    found = position(graph, feature_set(features))
    got = run_graph(graph, {"inputs": found.inputs}, BOARDS)
    want = feature_set(features).encode(BOARDS)
    np.testing.assert_allclose(got, want, atol=2e-7)
    whole = (want == np.round(want)).all(axis=0)
    assert whole.sum() > 150
    np.testing.assert_array_equal(got[:, 198:][:, whole[198:]], want[:, 198:][:, whole[198:]])


@pytest.mark.parametrize("features", FEATURE_SETS)
def test_what_trees_look_at_is_right_to_the_last_bit(features):
    graph = Graph()
    found = rounded_alike(position(graph, feature_set(features)))
    got = run_graph(graph, {"inputs": found}, BOARDS)[:, :198]
    np.testing.assert_array_equal(got, feature_set(features).encode(BOARDS)[:, :198])


def run_graph(graph: Graph, outputs: dict[str, Any], boards: np.ndarray) -> np.ndarray:
    """Return the only output of a graph of boards."""
    (name, array), = outputs.items()
    renamed = {array.name: name}
    nodes, constants = graph.needed([array.name])
    made = onnx.helper.make_graph(
        [onnx_file._node(node, renamed) for node in nodes], "g",
        [onnx_file._value("board", graph.inputs[0])], [onnx_file._value(name, array)],
        [onnx.numpy_helper.from_array(value, key) for key, value in constants.items()])
    opset = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(made, opset_imports=opset, ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"board": boards})[0]


REMEMBERING = {
    **{f"lstm {variant}": lambda variant=variant: drawn(
        "lstm", TESAURO, width=3, layers=2, variant=variant) for variant in VARIANTS},
    "hm-lstm": lambda: drawn("hm-lstm", TESAURO, width=4, layers=3),
    "hm-lstm plain": lambda: drawn("hm-lstm", TACTICS, width=4, layers=2, layer_norm=False),
    **{f"contextual {cell} {initial}": lambda cell=cell, initial=initial: drawn(
        "contextual", TESAURO, width=3, cell=cell, initial=initial)
       for cell in ("lstm", "fast-weights") for initial in ("learned", "zero", "free")},
}


@pytest.mark.parametrize("name", REMEMBERING)
def test_one_step_is_that_of_the_net_and_zeros_begin_a_game(name):
    agent = REMEMBERING[name]()
    it, ask = interface.interface(agent), asked(agent)
    games = np.stack([PLAYED[i : i + 5] for i in (0, 3, 8, 20)])
    params, spec = agent.params["params"], agent._spec
    memory, states = np.zeros((len(games), it.row.size), np.float32), None
    for boards in games.swapaxes(0, 1):
        inputs = agent.features.encode(boards)
        if states is None:
            states = numpy_remembering.first_states(params, spec, np.int32(0), inputs)
        driven = numpy_remembering.driven(params, spec, inputs, np.float32(0), np)
        want, states = numpy_remembering.step(driven, states, params, spec)
        outcomes, equity, memory = ask(boards, memory)
        np.testing.assert_allclose(outcomes, want, atol=1e-5)
        np.testing.assert_allclose(equity, outcome.equity(want), atol=2e-5)
        flat = np.concatenate([leaf.reshape(len(games), -1) for leaf in leaves(states)], axis=1)
        np.testing.assert_allclose(memory[:, it.row.flag:], flat, atol=1e-5)
        assert abs(flat).max() > 0.01


def test_a_net_that_was_told_its_opponent_asks_whose_turn_it_is():
    agent = drawn("contextual", TESAURO, width=3, opponent="pubeval")
    it, ask = interface.interface(agent), asked(agent)
    found, left = PLAYED[0], PLAYED[1]
    memory = np.zeros((1, it.row.size), np.float32)
    for board, turn in ((found, 1), (left, -1)):
        outcomes, _, memory = ask(board[None], memory, np.float32([turn]))
    recalled = agent.recall([(found, left)])["states"].values()
    flat = np.concatenate([leaf.ravel() for leaf in recalled])
    np.testing.assert_allclose(memory[0, 1:], flat, atol=1e-5)
    other = ask(left[None], memory, np.float32([1]))[0]
    assert abs(other - outcomes).max() > 1e-4


@pytest.mark.parametrize("name", ["mlp tactics", "conv", "ensemble"])
def test_any_number_of_positions_can_be_asked_about(name):
    ask = asked(ALONE[name]())
    whole, _ = ask(BOARDS)
    for count in (0, 1, 7):
        some, equity = ask(BOARDS[:count])
        assert some.shape == (count, 5) and equity.shape == (count,)
        np.testing.assert_allclose(some, whole[:count], atol=1e-6)


def test_the_graph_of_a_perceptron_is_small():
    agent = catalog.get("td-gammon")
    model = onnx_file.model_of(interface.interface(agent), {})
    assert len(model.graph.node) <= 14
    assert model.ByteSize() < 70_000
    assert model.ir_version <= 8 and [o.version for o in model.opset_import] == [18]


def test_nothing_is_recorded_that_no_output_needs():
    graph, outputs = graph_of(interface.interface(ALONE["conv"]()))
    nodes, constants = graph.needed([array.name for array in outputs.values()])
    used = set(itertools.chain(*(node.inputs for node in nodes)))
    assert used >= set(constants)


def test_a_zero_that_trees_ask_for_is_one():
    settings, params = some([member("trees")])
    model = params["params"]["member0"]["model"]["trees"]
    model["threshold"][:] = 1e-35
    # Of the view: half the checkers above three, of both sides, and what is borne off.
    columns = [*range(3, 96, 4), 97, *range(101, 194, 4), 195]
    kernel = np.zeros((198, 20), np.float32)
    for column, row in enumerate([*columns[15:25], *columns[-10:]]):
        kernel[row, column] = 15 / 7
    params["params"]["member0"]["view"] = {"kernel": kernel, "bias": np.zeros(20, np.float32)}
    agent = player("zeros", "ensemble", settings, TESAURO, params)
    np.testing.assert_allclose(asked(agent)(BOARDS)[0], by_numpy(agent, BOARDS), atol=1e-6)


def random_tree(rng: np.random.Generator, low: int, high: int) -> list[tuple[int, int]]:
    """Return (first, past) of the nodes above the leaves low ... high - 1, any shape of a tree."""
    if high - low == 1:
        return []
    middle = int(rng.integers(low + 1, high))
    return [(low, middle), *random_tree(rng, low, middle), *random_tree(rng, middle, high)]


def random_trees(rounds: int, most: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shape = (rounds, 6, most - 1)
    first, past = np.zeros((2, *shape), np.float32)
    for at in np.ndindex(rounds, 6):
        nodes = random_tree(rng, 0, int(rng.integers(1, most + 1)))
        rng.shuffle(nodes)
        for i, (low, middle) in enumerate(nodes):
            first[*at, i], past[*at, i] = low, middle
    return {"feature": rng.integers(4, size=shape).astype("f4"),
            "threshold": rng.integers(-2, 3, size=shape).astype("f4"),
            "first": first, "past": past, "leaf": rng.normal(size=(rounds, 6, most)).astype("f4")}


def test_trees_of_any_shape_reach_the_same_leaves():
    params = random_trees(12, 32)
    graph = Graph()
    z = graph.input("z", (None, 4), np.float32)
    said = trees.log_probs(params, z)
    nodes, constants = graph.needed([said.name])
    made = onnx.helper.make_graph(
        [onnx_file._node(node, {}) for node in nodes], "g", [onnx_file._value("z", z)],
        [onnx_file._value(said.name, said)],
        [onnx.numpy_helper.from_array(value, key) for key, value in constants.items()])
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    model = onnx.helper.make_model(made, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    # Whole numbers as well, so that x = threshold is met often.
    shown = np.random.default_rng(5).integers(-3, 4, (500, 4)).astype("f4")
    shown[250:] += np.float32(0.3)
    want = numpy_trees.log_probs({"trees": params}, shown, {})
    np.testing.assert_allclose(session.run(None, {"z": shown})[0], want, atol=1e-5)


def test_trees_that_are_none_are_refused():
    params = random_trees(1, 4)
    params["first"][:], params["past"][:] = 0, 2
    z = Graph().input("z", (None, 4), np.float32)
    with pytest.raises(AgentError, match="rules out"):
        trees.log_probs(params, z)


def test_the_check_finds_a_net_that_is_slightly_another():
    right, wrong = drawn("mlp", TESAURO, hidden=(5,)), drawn("mlp", TESAURO, hidden=(5,))
    it = interface.interface(right)
    assert check.compare(it, asked(right), 300).fits
    wrong.params["params"]["outcome"]["bias"][4] += 1e-4
    found = check.compare(it, asked(wrong), 300)
    assert found.positions == 300
    assert not found.fits and 1e-5 < found.outcomes < 1e-4


def test_the_check_meets_finished_games_and_reads_memory():
    agent = drawn("lstm", TESAURO, width=3)
    it, ask = interface.interface(agent), asked(agent)
    shown, memories = [], []

    def answer(boards, memory):
        shown.append(boards)
        memories.append(memory)
        return ask(boards, memory)

    assert check.compare(it, answer, 10_000).fits
    boards = np.concatenate(shown)
    assert outcome.is_over(boards).sum() > 50
    assert sum(len(memory) for memory in memories if memory.any()) > 9000
    not_a_number = lambda *given: [part * np.nan for part in ask(*given)]  # noqa: E731
    assert not check.compare(it, not_a_number, 100).fits


def test_what_is_no_network_is_refused():
    for name in ("random", "pubeval", "td-gammon:1"):
        with pytest.raises(AgentError, match=f"{name} is no network by itself"):
            interface.interface(catalog.get(name))


def test_the_checkpoint_of_an_agent_is_found_by_its_name(tmp_path):
    shipped = catalog.checkpoint_of("td-gammon")
    assert shipped is not None and shipped.name == "td-gammon.npz"
    assert catalog.checkpoint_of("td-gammon:0") == shipped
    assert catalog.checkpoint_of("contextual:random").name == "contextual.npz"
    assert catalog.checkpoint_of("random") is None
    assert catalog.checkpoint_of(str(shipped)) == shipped
    assert catalog.checkpoint_of(str(tmp_path)) == tmp_path / "checkpoint.npz"
