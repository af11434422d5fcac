"""What is dear to compile is compiled once: one ply of self-play, and two kinds of training."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import agent.training
from agent import selfplay
from agent.config import TrainConfig
from agent.features import tesauro198
from agent.greedy import evaluator
from agent.nets import numpy_mlp
from agent.nets.mlp import MLP
from engine.dice import opening_batch, roll_batch
from tests.agent import oracle
from tests.compiling import OPTIONS, quickly
from tests.engine.positions import pos, random_game

SLOTS, PLIES = 12, 96
# Of the first game of a slot: over at once (a backgammon, for either side; a gammon), and going
# on from the middle of a game.
FIRST = {0: ("2:1 / 24:1 6:14", 0), 1: ("2:1 / 24:1 6:14", 1), 2: ("1:1 / 13:15", 1),
         3: ("6:2 / 6:2", 1)}

# Tests of exactness need plays whose value float32 holds exactly, whatever the order of sums.
_LOW_BITS = np.random.default_rng(5).integers(0, 2048, (2, 25)).astype(np.int32)
_TO_GO = np.arange(1, 26, dtype=np.int32) ** 2
_WHOLE = np.array([[-16], [160]], np.int32) * _TO_GO + _LOW_BITS
_WHOLE[0, 24] = 100_000  # nobody wants to hit


def exact_values(boards: Any, xp: Any = np) -> Any:
    """Return outcomes of a player who only races, exact in float32: win = 1/2 + n / 2**24."""
    n = (boards.astype(np.int32) * _WHOLE).sum((-2, -1)).astype(np.float32)
    win = np.float32(0.5) + n * np.float32(2**-24)
    return xp.stack([win] + [xp.zeros_like(win)] * 4, axis=-1)


class Record(NamedTuple):
    """Self-play as it was made: arrays with leading axes [T, B], of each ply; see ``selfplay``.

    ``value`` is what the ply was told of its positions, ``value_after`` what it told the next.
    """

    params: Any
    boards: np.ndarray
    side: np.ndarray
    ply: np.ndarray
    dice: np.ndarray
    value: np.ndarray
    delta: np.ndarray
    over: np.ndarray
    boards_after: np.ndarray
    side_after: np.ndarray
    ply_after: np.ndarray
    value_after: np.ndarray
    tally: Any


@pytest.fixture(scope="session")
def record_play():
    """Return ``record(params, exact) -> Record``; ``exact`` replaces the net by exact_values."""
    evaluate = evaluator(MLP(hidden=(oracle.HIDDEN,)).apply, tesauro198)

    def ply(params, exact, games, value, dice):
        def now(boards):
            return jnp.where(exact, exact_values(boards, jnp), evaluate(params, boards))

        return selfplay._play_ply(now, selfplay._by_rows(now), games, value, dice)

    def first_games() -> selfplay.Games:
        boards, side, plies = (np.array(x) for x in selfplay.new_games(SLOTS))
        for slot, (text, who) in FIRST.items():
            boards[slot], side[slot], plies[slot] = pos(text), who, 20
        return selfplay.Games(*map(jnp.asarray, (boards, side, plies)))

    def arguments(params, exact, games, dice):
        net = numpy_mlp.apply(params, tesauro198(np.asarray(games.boards)))
        value = exact_values(np.asarray(games.boards)) if exact else net
        on_device = jax.tree.map(jnp.asarray, params)
        return on_device, jnp.bool_(exact), games, jnp.asarray(value), jnp.asarray(dice)

    with pytest.MonkeyPatch.context() as patch:
        # The key is the dice: the test throws them, for an opening and for any other ply.
        patch.setattr(selfplay, "roll",
                      lambda key, opening, axis: jnp.where(opening[:, None], *key))
        example = arguments(oracle.random_params(0), False, first_games(),
                            np.ones((2, SLOTS, 2), np.int8))
        compiled = jax.jit(ply).lower(*example).compile(OPTIONS)

    def record(params, exact: bool) -> Record:
        rng = np.random.default_rng(3)
        rows, tallies, games = [], [], first_games()
        value = None
        for _ in range(PLIES):
            thrown = np.stack([opening_batch(rng, SLOTS), roll_batch(rng, SLOTS)])
            dice = np.where((np.asarray(games.ply) == 0)[:, None], *thrown)
            given = arguments(params, exact, games, thrown)
            value = given[3] if value is None else value
            after, value_after, made, tally = compiled(*given[:3], value, given[4])
            assert (made.boards == games.boards).all() and (made.side == games.side).all()
            rows.append((*games, dice, value, made.delta, made.over, *after, value_after))
            tallies.append(tally)
            games, value = after, value_after
        columns = (np.stack([np.asarray(x) for x in column]) for column in zip(*rows, strict=True))
        sums = (float(sum(column)) for column in zip(*tallies, strict=True))
        return Record(params, *columns, selfplay.Tally(*sums))

    return record


@pytest.fixture(scope="session")
def played(record_play) -> Record:
    """Return self-play of a net that races."""
    return record_play(oracle.racing_params(1), exact=False)


@pytest.fixture(scope="session")
def positions() -> tuple[np.ndarray, np.ndarray]:
    """Return 300 positions int8[300, 2, 25] of games of random plays, with rolls int8[300, 2]."""
    met = [turn for seed in range(9) for turn in random_game(seed)]
    chosen = [met[i] for i in np.linspace(0, len(met) - 1, 300).astype(int)]
    boards, dice = zip(*chosen, strict=True)
    return np.stack(boards), np.array(dice, np.int8)


# Training: small enough to play a game in a moment. The schedules move within a few games.
_SMALL = {"hidden": (oracle.HIDDEN,), "batch": 8, "alpha_games": 60, "lam_games": 60, "seed": 7}
ADAM = TrainConfig(**_SMALL, optimizer="adam", plies=4, lam=0.8, lam_end=0.3,
                   alpha=0.02, alpha_end=0.005)
SGD = TrainConfig(**_SMALL, optimizer="sgd", plies=1, lam=0, lam_end=0, alpha=0.2, alpha_end=0.05)
PLIES_A_STEP = 16
_LEARN: dict[tuple[str, int, int], Any] = {}
_make_learn = agent.training.make_learn


@pytest.fixture
def compiled(monkeypatch):
    """Make every ``Trainer`` of the configurations above share its compiled step of 16 plies."""

    def make_learn(evaluate, optimizer, plies, segments, mesh, choose, pruning, explore):
        assert pruning is None and explore == 0
        kind = (type(optimizer.init({})).__name__, plies, segments)
        if kind not in _LEARN:
            learn = _make_learn(evaluate, optimizer, plies, segments, mesh, choose)
            _LEARN[kind] = quickly(learn)
        return _LEARN[kind]

    monkeypatch.setattr(agent.training, "make_learn", make_learn)
    monkeypatch.setattr(agent.training, "_PLIES_A_STEP", PLIES_A_STEP)
