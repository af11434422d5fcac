"""A quick look may spare the net work, not change what it chooses among the likely plays."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.catalog import get
from agent.config import TrainConfig
from agent.errors import AgentError, ConfigError
from agent.greedy import best_afterstates, by_equity, chooser
from agent.pruning import Pruning, best_of_likely
from agent.starting import pruning_agent
from agent.training import Trainer
from engine.afterstates import all_afterstates
from engine.board import start
from engine.dice import roll_batch

SMALL = {"hidden": (8,), "lam": 0, "lam_end": 0, "batch": 16, "plies": 2, "seed": 3}


@pytest.fixture(scope="module")
def positions():
    """Positions of random play: boards int8[64, 2, 25], dice int8[64, 2]."""
    rng = np.random.default_rng(5)
    player = get("random")
    boards = np.broadcast_to(start(), (64, 2, 25)).copy()
    for _ in range(9):
        boards, _ = player.choose(boards, roll_batch(rng, 64), None, rng)
    dice = roll_batch(rng, 64)
    dice[:6] = np.arange(1, 7)[:, None]
    return jnp.asarray(boards), jnp.asarray(dice)


@pytest.fixture(scope="module")
def scores():
    """The scores of two nets: ``quick`` and, in its role, ``td-gammon``."""
    agents = get("quick"), get("td-gammon")
    return tuple(
        by_equity(chooser(a.net, a.settings, a.features.name)(jax.tree.map(jnp.asarray, a.params)))
        for a in agents
    )


@pytest.mark.parametrize(("chunk", "block"), [(None, None), (128, 32), (128, 128), (512, 1)])
def test_with_an_endless_margin_nothing_is_pruned(positions, scores, chunk, block):
    score, quick = scores
    whole = jax.jit(partial(best_afterstates, score=score))(*positions)
    pruning = Pruning(quick, 1e9)
    pruned = jax.jit(
        partial(best_of_likely, score=score, pruning=pruning, chunk=chunk, block=block)
    )(*positions)
    np.testing.assert_array_equal(pruned.boards, whole.boards)
    np.testing.assert_allclose(pruned.score, whole.score, atol=1e-6)


def test_the_best_of_the_likely_plays_wins(positions, scores):
    score, quick = scores
    within = 0.05
    # One chunk holds them all, so that the best quick score is known from the beginning.
    pruned = jax.jit(
        partial(best_of_likely, score=score, pruning=Pruning(quick, within), chunk=8192)
    )(*positions)
    after, owner = all_afterstates(*positions)
    chunk = _Boards(jnp.asarray(after))
    whole, fast = (np.asarray(f(chunk, None)) for f in scores)
    spared = 0
    for i in range(len(positions[0])):
        mine = owner == i
        likely = mine & (fast >= fast[mine].max() - within)
        spared += int(mine.sum() - likely.sum())
        np.testing.assert_allclose(pruned.score[i], whole[likely].max(), atol=1e-5)
    assert spared > len(owner) / 3


class _Boards:
    """A chunk of boards, in the form that scores take."""

    def __init__(self, boards):
        from engine import packed

        self.words = packed.pack(boards)


def test_a_narrow_margin_leaves_the_quick_choice(positions, scores):
    score, quick = scores
    pruned = jax.jit(
        partial(best_of_likely, score=score, pruning=Pruning(quick, 1e-9), chunk=8192)
    )(*positions)
    fast = jax.jit(partial(best_afterstates, score=quick))(*positions)
    assert (pruned.boards == fast.boards).all((1, 2)).mean() > 0.9


def test_a_run_that_prunes_goes_on_exactly():
    config = TrainConfig(**SMALL, prune="td-gammon")
    whole = Trainer(config, quick=pruning_agent(config))
    whole.step()
    half = whole.checkpoint()
    again = Trainer(config, checkpoint=half, quick=pruning_agent(config))
    whole.step(), again.step()
    for a, b in zip(
        jax.tree.leaves(whole.params()), jax.tree.leaves(again.params()), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_a_run_does_not_go_on_with_another_net_that_prunes():
    config = TrainConfig(**SMALL, prune="td-gammon")
    checkpoint = Trainer(config, quick=pruning_agent(config)).checkpoint()
    with pytest.raises(ConfigError, match="not the net that pruned"):
        Trainer(config, checkpoint=checkpoint, quick=get("pretrained"))


@pytest.mark.parametrize(("name", "message"), [
    ("pubeval", "pruned by a network only"),
    ("nobody", "unknown agent"),
])
def test_what_cannot_prune_is_refused(name, message):
    with pytest.raises(AgentError, match=message):
        pruning_agent(TrainConfig(**SMALL, prune=name))


def test_a_margin_must_be_positive():
    with pytest.raises(ConfigError, match="prune_within must be above 0"):
        TrainConfig(prune_within=0)
