"""SavedModels answer as the nets they were made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import outcome
from agent.errors import AgentError
from agent.export import check, interface, savedmodel, trees
from agent.export.graph import Graph
from agent.export.tensorflow_ops import Made
from agent.nets import numpy_trees
from tests.agent.test_export import (
    ALONE,
    BOARDS,
    OVER,
    REMEMBERING,
    TESAURO,
    asked,
    by_numpy,
    drawn,
    random_trees,
)

tf = pytest.importorskip("tensorflow")


def session(agent: Any, folder: Path) -> savedmodel.Session:
    """Return what TensorFlow reads of a net that was written."""
    savedmodel.write(folder, interface.interface(agent), {"agent": agent.name})
    return savedmodel.Session(folder)


@pytest.mark.parametrize("name", ["mlp", "mlp tactics", "highway", "conv", "conv mean", "ensemble",
                                  "ensemble of logistic map", "forgetful learned"])
def test_a_savedmodel_says_what_the_net_says(name, tmp_path):
    agent = ALONE[name]()
    outcomes, equity = session(agent, tmp_path)(BOARDS)
    want = by_numpy(agent, BOARDS)
    assert outcomes.dtype == equity.dtype == np.float32
    assert want[~outcome.is_over(BOARDS)].std(axis=0).max() > 1e-3
    np.testing.assert_allclose(outcomes, want, atol=1e-5)
    np.testing.assert_allclose(equity, outcome.equity(want), atol=2e-5)


@pytest.mark.parametrize("name", ["lstm vanilla", "lstm fgr", "hm-lstm", "hm-lstm plain",
                                  "contextual fast-weights learned", "told"])
def test_one_step_is_that_of_the_onnx_file(name, tmp_path):
    agent = REMEMBERING[name]() if name != "told" else drawn(
        "contextual", TESAURO, width=3, opponent="pubeval")
    it = interface.interface(agent)
    memory = np.random.default_rng(0).normal(size=(len(BOARDS), it.row.size)).astype(np.float32)
    memory[::3] = 0
    turn = [np.resize(np.float32([1, -1]), len(BOARDS))] if it.told else []
    found = session(agent, tmp_path)(BOARDS, memory, *turn)
    for mine, other in zip(found, asked(agent)(BOARDS, memory, *turn), strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-5)


@pytest.mark.parametrize("name", ["mlp tactics", "conv", "ensemble"])
def test_any_number_of_positions_can_be_asked_about_and_finished_games_are_exact(name, tmp_path):
    ask = session(ALONE[name](), tmp_path)
    whole, _ = ask(BOARDS)
    for count in (0, 1, 7):
        some, equity = ask(BOARDS[:count])
        assert some.shape == (count, 5) and equity.shape == (count,)
        np.testing.assert_allclose(some, whole[:count], atol=1e-6)
    outcomes, equity = ask(OVER)
    np.testing.assert_array_equal(outcomes, outcome.terminal(OVER))
    assert equity.tolist() == [-1, -1, -2, -3, -3, -3, -2]


def test_trees_of_any_shape_reach_the_same_leaves():
    params, recorded = random_trees(12, 32), Graph()
    said = trees.log_probs(params, recorded.input("z", (None, 4), np.float32))
    nodes, constants = recorded.needed([said.name])
    shown = np.random.default_rng(5).integers(-3, 4, (500, 4)).astype("f4")
    shown[250:] += np.float32(0.3)
    made = Made(tf, {"z": tf.constant(shown)}, constants)
    for node in nodes:
        made.add(node)
    want = numpy_trees.log_probs({"trees": params}, shown, {})
    np.testing.assert_allclose(made[said.name].numpy(), want, atol=1e-5)


def test_a_graph_is_flat_and_its_operations_have_the_names_of_the_interface(tmp_path):
    session(ALONE["mlp"](), tmp_path)
    from tensorflow.core.protobuf import saved_model_pb2

    whole = saved_model_pb2.SavedModel.FromString((tmp_path / savedmodel.MODEL).read_bytes())
    one, = whole.meta_graphs
    operations = {node.name: node.op for node in one.graph_def.node}
    assert {operations[name] for name in ("board", "outcomes", "equity")} == {
        "Placeholder", "Identity"}
    assert not one.graph_def.library.function
    assert not [op for op in operations.values() if "Call" in op or "Var" in op]
    assert [*one.signature_def] == ["serving_default"] and [*one.meta_info_def.tags] == ["serve"]
    assert json.loads((tmp_path / savedmodel.ABOUT).read_text()) == {"agent": "drawn"}


def test_the_same_net_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        session(ALONE["mlp relu"](), tmp_path / name)
    first, second = ((tmp_path / name / savedmodel.MODEL).read_bytes() for name in ("a", "b"))
    assert first == second


def test_the_check_finds_a_savedmodel_that_is_slightly_another(tmp_path):
    wrong = drawn("mlp", TESAURO, hidden=(5,))
    wrong.params["params"]["outcome"]["bias"][4] += 1e-4
    it = interface.interface(drawn("mlp", TESAURO, hidden=(5,)))
    found = check.compare(it, session(wrong, tmp_path), 300)
    assert not found.fits and 1e-5 < found.outcomes < 1e-4


def test_what_is_no_savedmodel_is_refused(tmp_path):
    (tmp_path / savedmodel.MODEL).write_bytes(b"not a model")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(AgentError, match="TensorFlow cannot read it"):
            savedmodel.Session(folder)

