"""Training: one step by hand, stopping and going on, settings."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.checkpoint import Checkpoint, flatten, load, save
from agent.config import TrainConfig
from agent.errors import CheckpointError, ConfigError
from agent.selfplay import roll
from agent.training import Trainer, resumed_config
from tests.agent.conftest import ADAM, PLIES_A_STEP, SGD
from tests.agent.oracle import Game, assert_identical

CONFIGS = pytest.mark.parametrize("config", [ADAM, SGD], ids=["adam", "sgd"])


def state(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return all that a trainer holds, by name."""
    checkpoint = trainer.checkpoint()
    return flatten({"run": checkpoint.run, "average": checkpoint.params}) | {
        "games": np.array(checkpoint.meta["games"]), "changes": np.array(checkpoint.meta["changes"])
    }


# One step again, in NumPy


class Again:
    """A training state taken out of a ``Trainer`` and moved on by the oracle."""

    def __init__(self, trainer: Trainer) -> None:
        self.config = trainer.config
        was = state(trainer)
        self.games, self.changes = int(was["games"]), int(was["changes"])
        self.key = jax.random.wrap_key_data(jnp.asarray(was["run/key"]))
        self.params = self._part(was, "run/params/")
        self.average = self._part(was, "average/")
        traces = self._part(was, "run/traces/")
        zeros = {k: np.zeros((5, *p.shape)) for k, p in self.params.items()}
        self.playing = [
            Game(board, side, ply, {k: e[i] for k, e in traces.items()} or zeros)
            for i, (board, side, ply) in enumerate(zip(
                was["run/games/boards"], was["run/games/side"], was["run/games/ply"], strict=True))
        ]
        names = sorted(self.params)
        if self.config.optimizer == "adam":
            self.count = int(was["run/optimizer/0"])
            self.mu = {k: was[f"run/optimizer/{1 + i}"] for i, k in enumerate(names)}
            self.nu = {k: was[f"run/optimizer/{5 + i}"] for i, k in enumerate(names)}
        self.lead = np.inf

    @staticmethod
    def _part(arrays, prefix):
        found = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        return {k: v.astype(float) for k, v in found.items()}

    def step(self) -> None:
        config = self.config
        alpha, lam = config.alpha_at(self.games), config.lam_at(self.games)
        keep = config.keep_at(self.changes)
        for _ in range(PLIES_A_STEP // config.plies):
            direction = {k: np.zeros(p.shape) for k, p in self.params.items()}
            self.key, plies_key = jax.random.split(self.key)
            for key in jax.random.split(plies_key, config.plies):
                opening = jnp.asarray([game.ply == 0 for game in self.playing])
                dice = np.asarray(_roll(key, opening))
                for game, thrown in zip(self.playing, dice, strict=True):
                    lead = game.play(self.params, thrown, lam, direction)
                    self.lead = min(self.lead, lead)
            for k, g in direction.items():
                self.params[k] = self.params[k] + alpha * self._along(k, g)
                self.average[k] = keep * self.average[k] + (1 - keep) * self.params[k]
            self.count = getattr(self, "count", 0) + 1

    def _along(self, k: str, g):
        if self.config.optimizer == "sgd":
            return g
        # Adam as Kingma and Ba print it, upwards.
        self.mu[k] = 0.9 * self.mu[k] + 0.1 * g
        self.nu[k] = 0.999 * self.nu[k] + 0.001 * g**2
        steps = self.count + 1
        mu, nu = self.mu[k] / (1 - 0.9**steps), self.nu[k] / (1 - 0.999**steps)
        return mu / (np.sqrt(nu) + 1e-8)


_roll = jax.jit(roll)


@CONFIGS
def test_a_step_is_that_of_the_hand_written_oracle(compiled, config):
    trainer = Trainer(config)
    for _ in range(6):
        trainer.step()
    expected, before = Again(trainer), state(trainer)
    expected.step()
    trainer.step()
    now = state(trainer)
    # The test could not tell plays whose values differ by float32's rounding.
    assert expected.lead > 2e-6, "choose another seed"
    for i, game in enumerate(expected.playing):
        assert (now["run/games/boards"][i] == game.board).all()
        assert (now["run/games/side"][i], now["run/games/ply"][i]) == (game.side, game.ply)
        for name, trace in game.traces.items() if config.uses_traces else ():
            found = now[f"run/traces/{name}"][i]
            np.testing.assert_allclose(found, trace, rtol=1e-3, atol=1e-5)
    moved = 0.0
    for name, value in expected.params.items():
        found = now[f"run/params/{name}"]
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=2e-5)
        np.testing.assert_allclose(now[f"average/{name}"], expected.average[name],
                                   rtol=1e-4, atol=2e-5)
        moved = max(moved, np.abs(found - before[f"run/params/{name}"]).max())
    assert moved > 0.01


def test_a_net_learns_the_outcomes_of_random_looking_play(compiled):
    trainer = Trainer(ADAM)
    reports = [trainer.step() for _ in range(200)]
    early = [r for r in reports[:60] if r.finished]
    late = [r for r in reports[-60:] if r.finished]
    assert np.mean([r.loss_per_game for r in late]) < np.mean([r.loss_per_game for r in early])
    assert trainer.games == sum(r.finished for r in reports) == reports[-1].games
    assert all(0 <= r.gammons <= 1 for r in reports)
    assert reports[-1].alpha == pytest.approx(ADAM.alpha_end)
    assert reports[-1].lam == pytest.approx(ADAM.lam_end)


# Stopping and going on


@CONFIGS
def test_interrupted_and_resumed_is_uninterrupted_bit_for_bit(compiled, config, tmp_path):
    straight = Trainer(config)
    for _ in range(24):
        straight.step()
    assert straight.games > 0
    trainer = Trainer(config)
    for steps in (5, 1, 18):
        for _ in range(steps):
            trainer.step()
        save(tmp_path / "a.npz", trainer.checkpoint())
        trainer = Trainer(config, checkpoint=load(tmp_path / "a.npz", with_run=True))
    assert_identical(state(trainer), state(straight))
    assert trainer.checkpoint().meta == straight.checkpoint().meta
    # And what they do next.
    assert trainer.step() == straight.step()
    assert_identical(state(trainer), state(straight))


def test_the_player_of_a_run_is_the_running_mean(compiled):
    trainer = Trainer(ADAM)
    for _ in range(3):
        trainer.step()
    was = state(trainer)
    kernel = "params/hidden0/kernel"
    assert (was[f"average/{kernel}"] != was[f"run/params/{kernel}"]).any()
    agent = trainer.agent("net")
    assert_identical(flatten(agent.params), flatten(trainer.checkpoint().params))
    plain = Trainer(dataclasses.replace(ADAM, average=0.0))
    plain.step()
    was = state(plain)
    assert (was[f"average/{kernel}"] == was[f"run/params/{kernel}"]).all()


@pytest.fixture(scope="module")
def saved() -> Checkpoint:
    return Trainer(ADAM).checkpoint()


@pytest.mark.parametrize("damage", [
    lambda run: run.pop("key"),
    lambda run: run.pop("params/params/outcome/bias"),
    lambda run: run.update({"more": np.zeros(3)}),
    lambda run: run.update({"games/ply": np.zeros(9, np.int32)}),
    lambda run: run.update({"games/ply": run["games/ply"].astype(np.int64)}),
    lambda run: run.update({"traces/params/outcome/bias": np.zeros((4, 5, 5), np.float32)}),
    lambda run: run.update({"optimizer/0": np.zeros((), np.float32)}),
])
def test_a_training_state_that_does_not_fit_is_refused(saved, damage):
    run = dict(saved.run)
    damage(run)
    with pytest.raises(CheckpointError, match=r"^the training state's .*$"):
        Trainer(ADAM, checkpoint=Checkpoint(saved.meta, saved.params, run))


def test_the_state_of_other_settings_is_refused(saved):
    for change in ({"hidden": (5,)}, {"batch": 9}, {"optimizer": "sgd"}, {"lam": 0, "lam_end": 0}):
        with pytest.raises(CheckpointError):
            Trainer(dataclasses.replace(ADAM, **change), checkpoint=saved)


def test_a_resumed_run_keeps_its_settings(saved):
    assert resumed_config(saved, {}) == ADAM
    assert resumed_config(saved, {"alpha": 0.02, "hidden": (4,)}) == ADAM
    with pytest.raises(ConfigError, match="has hidden .*4.*, not .*40"):
        resumed_config(saved, {"hidden": (40,)})
    with pytest.raises(ConfigError, match="seed"):
        resumed_config(saved, {"seed": 8})
    strange = Checkpoint({**saved.meta, "config": {**ADAM.as_json(), "momentum": 1}}, saved.params)
    with pytest.raises(ConfigError, match="momentum"):
        resumed_config(strange, {})


# Settings


def test_settings_round_trip_through_json():
    other = dataclasses.replace(ADAM, activation="relu", precision="bfloat16")
    for config in (ADAM, other):
        assert TrainConfig.from_json(json.loads(json.dumps(config.as_json()))) == config
    assert (other.as_json()["activation"], other.as_json()["precision"]) == ("relu", "bfloat16")
    assert other.net_settings == {"hidden": list(ADAM.hidden), "activation": "relu"}


def test_settings_from_before_these_two_were_there_say_sigmoid_and_float32():
    old = {name: value for name, value in ADAM.as_json().items()
           if name not in ("activation", "precision")}
    assert TrainConfig.from_json(old) == ADAM
    assert (ADAM.activation, ADAM.precision) == ("sigmoid", "float32")


@pytest.mark.parametrize("wrong", [
    {"net": "transformer"}, {"hidden": ()}, {"hidden": (0,)}, {"features": "none"}, {"lam": 1.1},
    {"lam_end": -0.1}, {"alpha": 0.0}, {"alpha_end": 0.0}, {"alpha": 0.1, "alpha_end": 0.2},
    {"alpha": float("nan")}, {"alpha_games": 0}, {"lam_games": 0}, {"optimizer": "lion"},
    {"batch": 0}, {"plies": 0}, {"plies": 257}, {"average": 1.0}, {"average": -0.1}, {"seed": -1},
    {"seed": 2**32},
    {"activation": "tanh"}, {"activation": "ReLU"}, {"precision": "half"},
    {"precision": "float64"}, {"precision": None}, {"precision": 16},
])
def test_settings_that_make_no_sense_are_refused_in_one_line(wrong):
    with pytest.raises(ConfigError) as refusal:
        TrainConfig(**wrong)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"activation": "tanh"}, "activation must be one of sigmoid, relu, not 'tanh'"),
    ({"precision": "half"}, "precision must be one of float32, bfloat16, not 'half'"),
])
def test_a_wrong_name_is_told_with_the_right_ones(wrong, message):
    with pytest.raises(ConfigError, match=f"^{message}$"):
        TrainConfig(**wrong)


@pytest.mark.parametrize("wrong", [
    {"activation": ["relu"]}, {"activation": {}}, {"precision": ["float32"]},
])
def test_settings_of_the_wrong_type_are_refused_in_one_line(wrong):
    with pytest.raises(ConfigError) as refusal:
        TrainConfig.from_json({**ADAM.as_json(), **wrong})
    assert "\n" not in str(refusal.value)


def test_schedules():
    config = TrainConfig(alpha=0.1, alpha_end=0.001, alpha_games=1000, lam=0.9, lam_end=0.5,
                         lam_games=100, average=0.5)
    assert config.alpha_at(0) == pytest.approx(0.1)
    assert config.alpha_at(500) == pytest.approx(0.01)
    assert config.alpha_at(1000) == config.alpha_at(10**7) == pytest.approx(0.001)
    assert [config.lam_at(n) for n in (0, 50, 100, 999)] == pytest.approx([0.9, 0.7, 0.5, 0.5])
    assert config.uses_traces and not TrainConfig(lam=0, lam_end=0).uses_traces
    # The first change replaces the mean, later ones weigh 1 / (1 + n / 2).
    assert [config.keep_at(n) for n in (0, 2, 18)] == pytest.approx([0, 0.5, 0.9])
    assert dataclasses.replace(config, average=0.0).keep_at(100) == 0
