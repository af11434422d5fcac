"""Deep nets in the trainer and at the board: settings, runs, checkpoints, players."""

import dataclasses
import json

import numpy as np
import pytest

import agent.training
from agent.checkpoint import Checkpoint, flatten, load, net_shapes, save
from agent.config import TrainConfig
from agent.errors import CheckpointError, ConfigError
from agent.nets.settings import NAMES, NETS, complete
from agent.players.network import NetworkAgent
from agent.starting import params_from
from agent.training import Trainer, resumed_config
from engine.board import start
from tests.agent.deep import TESAURO, random_params, settings_of
from tests.agent.oracle import assert_identical
from tests.compiling import quickly

SMALL = {
    "highway": {"width": 6, "layers": 3, "carry_bias": -2.0},
    "conv": {"channels": 3, "layers": 3, "width": 6, "dilation": (1, 2)},
}
NETS_OF_DEPTH = pytest.mark.parametrize("net", SMALL)


# Settings


def test_a_net_has_its_settings_at_their_defaults_and_no_others():
    for net, known in NETS.items():
        config = TrainConfig(net=net)
        for name in NAMES:
            assert getattr(config, name) == (known[name].default if name in known else None)
        assert set(config.net_settings) == set(known)
        assert set(config.as_json()) & set(NAMES) == set(known)
        assert TrainConfig.from_json(json.loads(json.dumps(config.as_json()))) == config


def test_a_net_without_gates_has_no_carry_bias():
    for net in SMALL:
        config = TrainConfig(net=net, gated=False)
        assert config.carry_bias is None and "carry_bias" not in config.net_settings
        assert TrainConfig.from_json(config.as_json()) == config
        with pytest.raises(ConfigError, match=f"^a {net} net without gates has no carry_bias$"):
            TrainConfig(net=net, gated=False, carry_bias=-1.0)


@pytest.mark.parametrize(("given", "said"), [
    ({"net": "highway", "hidden": (80,)}, "the net highway has no hidden, only width, layers, "),
    ({"net": "highway", "kernel": 3}, "the net highway has no kernel"),
    ({"width": 64}, "the net mlp has no width, only hidden, activation"),
    ({"gated": True}, "the net mlp has no gated"),
    ({"net": "transformer"},
     "net must be one of mlp, highway, conv, lstm, hm-lstm, contextual, not 'transformer'"),
    ({"net": "highway", "layers": 0}, "layers must be 1 to 10000, not 0"),
    ({"net": "highway", "layers": 2.0}, "layers must be 1 to 10000, not 2.0"),
    ({"net": "highway", "width": True}, "width must be 1 to 65536, not True"),
    ({"net": "highway", "carry_bias": float("nan")}, "carry_bias must be -1000 to 1000, not nan"),
    ({"net": "highway", "activation": "selu"}, "one of relu, tanh, sigmoid, not 'selu'"),
    ({"net": "highway", "gated": "yes"}, "gated must be true or false, not 'yes'"),
    ({"net": "conv", "kernel": 4}, "kernel must be odd, 1 to 47, not 4"),
    ({"net": "conv", "channels": 0}, "channels must be 1 to 4096, not 0"),
    ({"net": "conv", "dilation": ()}, "dilations must be 1 to 23, not "),
    ({"net": "conv", "dilation": (1, 0)}, "dilations must be 1 to 23, not "),
    ({"net": "conv", "head": "max"}, "head must be one of flat, mean, not 'max'"),
])
def test_what_a_net_cannot_be_is_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        TrainConfig(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_settings_of_an_unknown_net_are_refused():
    with pytest.raises(ConfigError, match="one of mlp, highway, conv"):
        complete("transformer", {})


# Checkpoints


@NETS_OF_DEPTH
def test_a_checkpoint_says_all_settings_and_holds_the_net_they_make(net, tmp_path):
    settings = settings_of(net, **SMALL[net])
    meta = {"net": net, "settings": settings, "features": TESAURO, "config": {}, "games": 0,
            "seed": 1, "results": {}}
    params = random_params(net, settings)
    save(tmp_path / "a.npz", Checkpoint(meta, params))
    assert_identical(flatten(load(tmp_path / "a.npz").params), flatten(params))
    missing = {k: v for k, v in settings.items() if k != "layers"}
    for wrong in (missing, {**settings, "layers": 2}, {**settings, "layers": "3"},
                  {**settings, "more": 1}, {**settings, "gated": False}):
        save(tmp_path / "b.npz", Checkpoint({**meta, "settings": wrong}, params))
        with pytest.raises(CheckpointError) as refusal:
            load(tmp_path / "b.npz")
        assert "\n" not in str(refusal.value)
    assert net_shapes(net, {**settings, "activation": "selu"}, TESAURO) is None


# Runs


@pytest.fixture(scope="module")
def trainers():
    """Return ``make(net, checkpoint)``: a small trainer, whose step is compiled once a net."""
    learn, known = agent.training.make_learn, {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agent.training, "_PLIES_A_STEP", 16)

        def make(net, checkpoint=None):
            def shared(*args):
                if net not in known:
                    known[net] = quickly(learn(*args))
                return known[net]

            patch.setattr(agent.training, "make_learn", shared)
            config = TrainConfig(net=net, **SMALL[net], batch=8, plies=4, lam=0.7, lam_end=0.7,
                                 alpha=0.01, alpha_end=0.01, seed=3)
            return Trainer(config, checkpoint=checkpoint)

        yield make


def state(trainer):
    checkpoint = trainer.checkpoint()
    return flatten({"run": checkpoint.run, "average": checkpoint.params})


@NETS_OF_DEPTH
def test_a_deep_net_learns_and_a_resumed_run_is_the_uninterrupted_one(trainers, net, tmp_path):
    straight = trainers(net)
    first = state(straight)
    for _ in range(4):
        straight.step()
    broken = trainers(net)
    broken.step()
    save(tmp_path / "a.npz", broken.checkpoint())
    saved = load(tmp_path / "a.npz", with_run=True)
    resumed = trainers(net, checkpoint=saved)
    for _ in range(3):
        resumed.step()
    assert_identical(state(resumed), state(straight))
    for name, array in state(straight).items():
        if name.startswith("run/params/"):
            assert np.isfinite(array).all() and (array != first[name]).any(), name
    with pytest.raises(ConfigError, match="has layers 3, not 4"):
        resumed_config(saved, {"layers": 4})
    with pytest.raises(ConfigError, match="has hidden None, not"):
        resumed_config(saved, {"hidden": (4,)})


@NETS_OF_DEPTH
def test_a_run_can_start_from_a_net_with_fewer_inputs(net):
    settings = settings_of(net, **SMALL[net])
    params = random_params(net, settings)
    config = TrainConfig(net=net, **SMALL[net], features="tactics224-v1")
    more = params_from(net, settings, TESAURO, params, config)
    boards = start()[None]
    old = NetworkAgent("old", net, settings, TESAURO, params).evaluate(boards)
    new = NetworkAgent("new", net, settings, "tactics224-v1", more).evaluate(boards)
    np.testing.assert_allclose(new, old, atol=1e-6)
    with pytest.raises(ConfigError, match="must agree"):
        params_from(net, settings, TESAURO, params, dataclasses.replace(config, layers=4))


# Players


@NETS_OF_DEPTH
def test_one_choice_and_many_are_the_same(net, positions):
    settings = settings_of(net, **SMALL[net])
    player = NetworkAgent("deep", net, settings, TESAURO, random_params(net, settings))
    boards, dice = (x[:30] for x in positions)
    rng = np.random.default_rng(1)
    many, _ = player.choose(boards, dice, None, rng)
    few = np.concatenate([player.choose(boards[i : i + 10], dice[i : i + 10], None, rng)[0]
                          for i in (0, 10, 20)])
    # Plays of equal worth may be told apart either way.
    np.testing.assert_allclose(player.scores(many, boards, rng), player.scores(few, boards, rng),
                               atol=1e-4)
    assert (many == few).all(axis=(1, 2)).mean() > 0.8
    on_device = player._evaluate_on_device(boards)
    np.testing.assert_allclose(player._of_net(boards), on_device, atol=1e-5)
