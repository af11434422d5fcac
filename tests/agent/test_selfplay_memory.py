"""Learning with a memory: the same games and the same step as an oracle game by game."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from agent import outcome
from agent.checkpoint import load, save
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.features import feature_set
from agent.learner import Learner, Rates
from agent.nets.numpy_recurrent import NUMPY
from agent.nets.numpy_remembering import driven, first_states, of_settings, step
from agent.nets.recurrent import JAX
from agent.nets.registry import build
from agent.nets.remembering import recurrence
from agent.selfplay import new_games, roll
from agent.selfplay_memory import learn_segment, new_mind, who_is_on_roll
from agent.starting import pruning_agent, rival_agents
from agent.training import Trainer
from engine.board import start
from engine.game import results
from engine.plays import afterstates_of
from tests.compiling import quickly

TESAURO = feature_set("tesauro198-v1")
CONTEXTUAL = {"width": 4, "cell": "lstm", "initial": "learned", "opponents": ["pubeval"]}
BATCH, PLIES, FORGET, LAM, ALPHA = 4, 5, 0.3, 0.7, 0.01


def first_params(net, settings):
    params = build(net, settings).init(jax.random.key(3), jnp.zeros((1, TESAURO.size)))
    # Larger, so that plays are told apart and memories matter.
    return jax.tree.map(lambda a: 3 * a + 0.05, params)


# Of what a rival with a taste of its own likes, by points.
TASTE = np.sin(1.7 * np.arange(25)).astype("f4")


def of_taste(boards):
    """Return the score of that rival; see ``agent.selfplay_memory.Rival``."""
    return lambda chunk, key: chunk.boards[:, 1].astype(jnp.float32) @ TASTE


class Again:
    """A segment, game by game in plain Python; gradients by unrolling each game."""

    def __init__(self, net, settings, params, mind, key, forget=FORGET):
        self.spec = of_settings(net, settings)
        self.params, self.mind = params, mind
        self.new_key, keys_key = jax.random.split(key)
        self.keys = jax.random.split(keys_key, PLIES)
        self.forget = forget
        self.lead = np.inf

    def see(self, p, board, who, opponent, states, ops=JAX):
        """Return the value of a position and the states after it; ``None`` begins anew."""
        inputs = TESAURO.encode(board)
        if states is None:
            states = first_states(p["params"], self.spec, opponent, inputs, ops)
        told = driven(p["params"], self.spec, inputs, who, ops.xp)
        return step(told, states, p["params"], self.spec, ops)

    def play(self, boards, sides, plies):
        """Return each game's list of (board, side, who, fresh, over, after) of the segment."""
        # In NumPy: jax would compile every operation for every number of plays.
        mind, params = jax.tree.map(np.asarray, (self.mind, self.params))
        fresh = mind.fresh.copy()
        states = [None if fresh[g] else jax.tree.map(lambda a, g=g: a[g], mind.states)
                  for g in range(BATCH)]
        told = [[] for _ in range(BATCH)]
        for key in self.keys:
            dice_key, forget_key, _ = jax.random.split(key, 3)
            dice = np.asarray(roll(dice_key, jnp.asarray(plies) == 0))
            lost = np.asarray(jax.random.bernoulli(forget_key, self.forget, (BATCH,)))
            for g in range(BATCH):
                opponent, seat = int(mind.opponent[g]), int(mind.seat[g])
                who = 0.0 if opponent == 0 else (1.0 if sides[g] == seat else -1.0)
                begins = states[g] is None
                _, states[g] = self.see(params, boards[g], who, opponent, states[g], NUMPY)
                legal = afterstates_of(boards[g], *map(int, dice[g]))
                if who < 0:
                    scores = legal[:, 1] @ TASTE
                else:
                    values, _ = self.see(params, legal, -who, opponent, jax.tree.map(
                        lambda a: a[None], states[g]), NUMPY)
                    won = results(legal)
                    scores = np.where(won > 0, won, -outcome.equity(np.asarray(values)))
                ranked = np.sort(scores)
                if len(ranked) > 1:
                    self.lead = min(self.lead, ranked[-1] - ranked[-2])
                best = legal[int(np.argmax(scores))]
                over = bool(results(best[None])[0])
                told[g].append((boards[g], sides[g], who, begins, over, best))
                boards[g], sides[g], plies[g] = best, 1 - sides[g], plies[g] + 1
                if over:
                    boards[g], sides[g], plies[g] = start(), 0, 0
                if over or lost[g]:
                    states[g] = None
        self.after = boards, sides, plies, states
        return told

    def value_of(self, p, told, g):
        """Return the values float32[T + 1, 5], seen by side 0, of a game's positions."""
        mind, found = self.mind, []
        states = jax.tree.map(lambda a: a[g], mind.states)
        boards, sides, _, last = self.after
        who = 0.0 if int(mind.opponent[g]) == 0 else (
            1.0 if sides[g] == int(mind.seat[g]) else -1.0)
        ends = [*told, (boards[g], sides[g], who, last[g] is None, False, None)]
        for board, side, who, begins, _, _ in ends:
            value, states = self.see(p, board, who, int(mind.opponent[g]),
                                     None if begins else states)
            found.append(value if side == 0 else outcome.flip(value))
        return jnp.stack(found)

    def moved(self, told, lam, alpha):
        """Return the parameters after plain TD(lambda), traces cut at the segment's ends."""
        total = jax.tree.map(jnp.zeros_like, self.params)
        for g in range(BATCH):
            values = np.asarray(self.value_of(self.params, told[g], g))
            slopes = jax.jacobian(lambda p, g=g: self.value_of(p, told[g], g))(self.params)
            for t in range(PLIES):
                credit, weight = np.zeros(5), 1.0
                for later in range(t, PLIES):
                    _, side, _, _, over, best = told[g][later]
                    target = values[later + 1]
                    if over:
                        lost = outcome.terminal(best[None])[0]
                        target = lost if side == 1 else outcome.flip(lost)
                    credit += weight * (target - values[later])
                    weight *= lam
                    if over:
                        break
                total = jax.tree.map(
                    lambda sum_, s, t=t, credit=credit: sum_ + jnp.tensordot(
                        jnp.asarray(credit, jnp.float32), s[t], axes=1), total, slopes)
        return jax.tree.map(lambda p, d: p + alpha * d, self.params, total)


def test_a_segment_is_that_of_the_oracle_game_by_game():
    # Half of its games are with itself, as those of the nets that know no opponents.
    net, settings = "contextual", CONTEXTUAL
    params = first_params(net, settings)
    how = recurrence(net, settings, TESAURO)
    mind = new_mind(how.spec, BATCH)
    rng = np.random.default_rng(5)
    mind = mind._replace(
        states=jax.tree.map(lambda a: jnp.asarray(rng.normal(size=a.shape), jnp.float32),
                            mind.states),
        fresh=jnp.array([True, False, False, True]))
    near_the_end = np.zeros((2, 25), np.int8)
    near_the_end[0, 0], near_the_end[1, 3] = 1, 2
    games = new_games(BATCH)._replace(ply=jnp.array([0, 3, 4, 0]))
    games = games._replace(boards=games.boards.at[1].set(near_the_end))
    learner = Learner(params, params, optax.identity().init(params), None, games,
                      jax.random.key(11), mind)
    rates = Rates(jnp.float32(ALPHA), jnp.float32(LAM), jnp.float32(0))
    found, tally = quickly(jax.jit(lambda learner: learn_segment(
        how, optax.identity(), PLIES, FORGET, learner, rates, rivals=[of_taste])))(learner)

    again = Again(net, settings, params, mind, learner.key)
    boards = [np.asarray(b) for b in games.boards]
    told = again.play(boards, [0] * BATCH, [0, 3, 4, 0])
    assert again.lead > 2e-6, "choose another seed"
    assert np.array_equal(found.games.boards, np.stack(again.after[0]))
    assert found.games.side.tolist() == again.after[1]
    assert found.games.ply.tolist() == again.after[2]
    assert found.memory.fresh.tolist() == [s is None for s in again.after[3]]
    for g, states in enumerate(again.after[3]):
        if states is not None:
            mine = jax.tree.map(lambda a, g=g: a[g], found.memory.states)
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), mine, states)
    assert tally.games == sum(turn[4] for turns in told for turn in turns) >= 1
    expected = again.moved(told, LAM, ALPHA)
    moved = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), found.params, params)
    assert max(jax.tree.leaves(moved)) > 1e-3
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-4),
                 found.params, expected)
    changed = moved["params"]["initial"]
    assert all(change > 0 for part in changed.values() for change in part.values()), \
        "what games begin with is learned too"


def test_half_of_the_games_are_with_itself_and_the_rest_shared_out():
    spec = of_settings("contextual", {**CONTEXTUAL, "opponents": ["random", "pubeval"]})
    mind = new_mind(spec, 16)
    assert np.bincount(mind.opponent).tolist() == [8, 4, 4]
    for opponent in (1, 2):
        assert np.bincount(mind.seat[mind.opponent == opponent]).tolist() == [2, 2]
    who = np.stack([who_is_on_roll(mind, jnp.full(16, side)) for side in (0, 1)])
    against = np.asarray(mind.opponent) > 0
    assert not who[:, ~against].any() and (np.abs(who[:, against]) == 1).all()
    assert (who[0] == -who[1]).all()
    assert not new_mind(of_settings("lstm", {"width": 2}), 8).opponent.any()


# Runs


RUN = TrainConfig(net="contextual", width=4, cell="fast-weights", batch=8, plies=4, seed=3,
                  opponents=("random",), alpha_games=60, lam_games=60)


def test_interrupted_and_resumed_is_uninterrupted_bit_for_bit(monkeypatch, tmp_path):
    import agent.training

    monkeypatch.setattr(agent.training, "_PLIES_A_STEP", 16)
    rivals = rival_agents(RUN)
    learn = {}

    def repeated(*args):
        learn.setdefault("once", real(*args))
        return learn["once"]

    real = agent.training.repeated
    monkeypatch.setattr(agent.training, "repeated", repeated)
    straight = Trainer(RUN, rivals=rivals)
    for _ in range(8):
        straight.step()
    trainer = Trainer(RUN, rivals=rivals)
    for steps in (3, 5):
        for _ in range(steps):
            trainer.step()
        save(tmp_path / "a.npz", trainer.checkpoint())
        trainer = Trainer(RUN, rivals=rivals,
                          checkpoint=load(tmp_path / "a.npz", with_run=True))
    found, expected = trainer.checkpoint(), straight.checkpoint()
    assert found.run.keys() == expected.run.keys() and "memory/opponent" in found.run
    for name, array in expected.run.items():
        assert np.array_equal(found.run[name], array), name
    assert found.meta == expected.meta and straight.games > 0


@pytest.mark.parametrize(("given", "said"), [
    ({"net": "mlp", "forget": 0.1}, "the net mlp remembers nothing that it could forget"),
    ({"net": "lstm", "forget": 1.5}, "forget must be 0 to 1, not 1.5"),
    ({"net": "lstm", "variant": "gru"}, "variant must be one of vanilla, nig, nfg"),
    ({"net": "hm-lstm", "layers": 1}, "layers must be 2 to 100, not 1"),
    ({"net": "hm-lstm", "slope": 0.0}, "slope must be above 0"),
    ({"net": "contextual", "layers": 2}, "the net contextual has no layers"),
    ({"net": "contextual", "initial": "cold"}, "initial must be one of learned, zero, free"),
    ({"net": "contextual", "opponents": ("random", "random")}, "opponents must be names"),
    ({"net": "contextual", "prune": "td-gammon"}, "cannot be pruned"),
])
def test_settings_that_cannot_be_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        TrainConfig(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_nobody_who_cannot_play_in_training_is_an_opponent():
    assert [a.name for a in rival_agents(dataclasses.replace(RUN, opponents=("pubeval",)))] == [
        "pubeval"]
    with pytest.raises(ConfigError, match="cannot be an opponent in training"):
        rival_agents(dataclasses.replace(RUN, opponents=("pretrained:1",)))
    assert rival_agents(TrainConfig()) == [] and pruning_agent(RUN) is None


def test_a_net_that_remembers_keeps_no_traces():
    assert not TrainConfig(net="lstm").uses_traces and TrainConfig(net="lstm").forget == 0.02
    assert of_settings("lstm", {"width": 3}).extra == 0
