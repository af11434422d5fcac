"""Self-play on the device: its dice, its plays, its new games; again in NumPy."""

import dataclasses
import hashlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import agent.training
from agent import outcome, selfplay
from agent.checkpoint import flatten
from agent.features import tesauro198
from agent.greedy import chooser, evaluator
from agent.nets import numpy_mlp
from agent.nets.mlp import MLP
from agent.training import Trainer
from engine import packed
from engine.board import start
from engine.game import results
from engine.plays import afterstates_of
from tests.agent import oracle
from tests.agent.conftest import ADAM, SGD, exact_values
from tests.agent.oracle import HIDDEN, assert_uniform, racing_params

THROWS = 36_000


@pytest.fixture(scope="module")
def thrown():
    """Return many rolls, of openings and of others by turns."""
    opening = np.arange(2 * THROWS) % 2 == 0
    dice = np.asarray(jax.jit(selfplay.roll)(jax.random.key(1), jnp.asarray(opening)))
    assert dice.shape == (2 * THROWS, 2) and dice.dtype == np.int8
    return dice[opening], dice[~opening]


def counts(dice):
    return np.bincount((dice[:, 0] - 1) * 6 + dice[:, 1] - 1, minlength=36).reshape(6, 6)


def test_the_opening_roll_is_never_a_double_and_else_any_roll(thrown):
    found = counts(thrown[0])
    assert not np.diag(found).any()
    assert_uniform(found[~np.eye(6, dtype=bool)])


def test_all_36_rolls_are_equally_likely_afterwards(thrown):
    assert_uniform(counts(thrown[1]).ravel())


def test_rolls_of_neighbours_have_nothing_to_do_with_each_other(thrown):
    first, second = thrown[1][::2], thrown[1][1::2]
    sums = np.stack([first.sum(-1) % 6, second.sum(-1) % 6], -1)
    assert_uniform(counts(sums + 1).ravel())


def test_another_key_gives_other_dice():
    roll = jax.jit(selfplay.roll)
    opening = jnp.zeros(50, bool)
    one, two, again = (roll(jax.random.key(k), opening) for k in (1, 2, 1))
    assert (one == again).all() and not (one == two).all()


# One ply of self-play, as recorded


def turns(played):
    """Yield (ply, slot, legal after-positions) of all games."""
    for t, slot in np.ndindex(played.over.shape):
        yield t, slot, afterstates_of(played.boards[t, slot], *played.dice[t, slot].tolist())


def at(after, board):
    """Return the index of the board among the after-positions, -1 if it is not there."""
    same = (after == board).all((-2, -1))
    return int(np.argmax(same)) if same.any() else -1


def check_plays(played, values, tolerance):
    """Check that every play is legal and of the highest equity; return how many were forced."""
    forced = 0
    for t, slot, after in turns(played):
        finished = outcome.is_over(after)
        theirs = np.where(finished[:, None], outcome.terminal(after), values(after))
        worth = -outcome.equity(theirs)
        forced += len(after) == 1
        if played.over[t, slot]:
            assert worth[finished].max() >= worth.max() - tolerance
            continue
        chosen = at(after, played.boards_after[t, slot])
        assert chosen >= 0, "not a legal play"
        assert not finished[chosen]
        assert worth[chosen] >= worth.max() - tolerance
    return forced


def test_plays_are_legal_and_the_best_by_the_numpy_net(played):
    def values(after):
        return numpy_mlp.apply(played.params, tesauro198(after))

    forced = check_plays(played, values, tolerance=1e-6)
    assert 0 < forced < played.over.size / 3


def test_plays_of_an_exact_score_are_exactly_the_best_and_the_same_on_every_machine(record_play):
    played = record_play(racing_params(1), exact=True)
    check_plays(played, exact_values, tolerance=0)
    # The signature of self-play. It changes if the rules, the choice among plays, or the end and
    # the beginning of games do; dice and values are exact everywhere.
    digest = hashlib.sha256(played.boards.tobytes() + played.side.astype(np.int8).tobytes())
    assert digest.hexdigest()[:16] == "baee12b6ddd5298b"


def test_games_that_end_start_again_with_side_0(played):
    assert played.over.sum() >= 20
    assert (played.boards_after[played.over] == start()).all()
    assert (played.side_after[played.over] == 0).all()
    assert (played.ply_after[played.over] == 0).all()


def test_other_games_go_on_with_the_other_side(played):
    on = ~played.over
    assert (played.side_after[on] == 1 - played.side[on]).all()
    assert (played.ply_after[on] == played.ply[on] + 1).all()
    assert (played.boards_after[on, 1].sum(-1) > 0).all()
    # In a game played from its start the side is the ply's parity.
    whole = np.cumsum(played.over, 0) - played.over > 0
    whole[:, 4:] = True
    assert (played.side[whole] == played.ply[whole] % 2).all()


def test_a_game_ends_when_the_last_checker_can_be_borne_off(played):
    for t, slot, after in turns(played):
        if played.over[t, slot]:
            assert results(after).any()


def test_the_value_handed_on_is_the_nets_for_the_player_on_roll(played):
    expected = numpy_mlp.apply(played.params, tesauro198(played.boards_after))
    np.testing.assert_allclose(played.value_after, expected, atol=2e-6)


def test_the_tally_adds_up(played):
    tally, over = played.tally, played.over
    assert tally.games == over.sum()
    assert tally.plies == over.size
    assert tally.finished_plies == (played.ply + 1)[over].sum()
    np.testing.assert_allclose(tally.loss, np.sum(played.delta.astype(float) ** 2), rtol=1e-4)
    won = [results(after).max() for t, slot, after in turns(played) if over[t, slot]]
    # Set up in the first three slots: backgammon, backgammon, gammon.
    assert tally.gammons == np.sum(np.array(won) >= 2) >= 3
    assert tally.backgammons == np.sum(np.array(won) == 3) >= 2


# Choosing by columns


@pytest.fixture(scope="module")
def replay(played):
    """Return ``replay(half) -> (games, value, record, tally)``: all recorded plies at once.

    The plays are chosen by columns, with ``half`` in bfloat16.
    """
    evaluate = evaluator(MLP((HIDDEN,)).apply, tesauro198)
    choosers = [chooser("mlp", {"hidden": [HIDDEN]}, "tesauro198-v1", precision)
                for precision in ("float32", "bfloat16")]
    boards, dice = played.boards.reshape(-1, 2, 25), played.dice.reshape(-1, 2)
    games = selfplay.Games(boards, played.side.ravel(), played.ply.ravel())
    params, value = played.params, played.value.reshape(-1, outcome.N_OUTCOMES)

    @jax.jit
    def ply(params, half, games, value, dice):
        full, rough = (choose(params) for choose in choosers)
        return selfplay._play_ply(partial(evaluate, params),
                                  lambda words: jnp.where(half, rough(words), full(words)),
                                  games, value, dice)

    def replay(half):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(selfplay, "roll", lambda key, opening, axis: key)
            return ply(params, half, games, value, dice)

    return replay


def errors(played, boards_after, over):
    """Return the TD errors float64[T, B, 5] of plays by the NumPy net, with the rules' results."""
    values = numpy_mlp.apply(played.params, tesauro198(boards_after)).astype(float)
    for t, slot, after in turns(played):
        if over[t, slot]:
            values[t, slot] = outcome.terminal(after[outcome.is_over(after)][0])

    def seen_by_first(value, side):
        return np.where((side == 0)[..., None], value, outcome.flip(value))

    return (seen_by_first(values, 1 - played.side)
            - seen_by_first(played.value.astype(float), played.side))


def smallest_lead(played):
    """Return by how much, in float64, the best of different plays leads the next at least."""
    leads = [2.0]
    for t, slot, after in turns(played):
        worth = np.sort(-outcome.equity(oracle.values(flatten(played.params), after)))
        if len(worth) > 1 and not played.over[t, slot]:
            leads.append(worth[-1] - worth[-2])
    return min(leads)


def test_by_columns_in_float32_the_same_plays_are_chosen_as_by_rows(played, replay):
    games, value, record, tally = replay(False)
    shape = played.over.shape
    # Far beyond the rounding of float32, so that it does not matter in which order sums are made.
    assert smallest_lead(played) > 1e-5, "choose another seed"
    assert (np.asarray(games.boards).reshape(*shape, 2, 25) == played.boards_after).all()
    assert (np.asarray(record.over).reshape(shape) == played.over).all()
    np.testing.assert_allclose(np.asarray(record.delta).reshape(*shape, 5), played.delta,
                               atol=2e-6)
    assert tally.games == played.over.sum()


def test_values_and_errors_are_float32_even_where_plays_are_chosen_in_bfloat16(played, replay):
    games, value, record, _ = replay(True)
    shape = played.over.shape
    boards, over = (np.asarray(x).reshape(*shape, *x.shape[1:])
                    for x in (games.boards, record.over))
    different = (boards != played.boards_after).any((-2, -1)).sum()
    assert 0 < different < over.size / 5, "were they chosen in bfloat16?"
    assert record.delta.dtype == value.dtype == np.float32
    found = np.asarray(record.delta).reshape(*shape, 5)
    # In bfloat16 outcomes are off by up to a thousandth and more.
    np.testing.assert_allclose(found, errors(played, boards, over), atol=3e-6)
    expected = numpy_mlp.apply(played.params, tesauro198(np.asarray(games.boards)))
    np.testing.assert_allclose(value, expected, atol=3e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_chooses_its_plays_in_the_precision_of_its_settings(monkeypatch, played, precision):
    given = []
    monkeypatch.setattr(agent.training, "make_learn", lambda *args: given.extend(args))
    Trainer(dataclasses.replace(ADAM, precision=precision))
    evaluate, *_, choose, pruning, explore = given
    assert pruning is None and explore == 0
    boards = played.boards[:, 0]
    found = np.asarray(choose(played.params)(packed.pack(jnp.asarray(boards)))).T
    error = np.abs(found - evaluate(played.params, boards)).max()
    assert error < 1e-5 if precision == "float32" else 1e-4 < error < 0.02


# Whole runs


def learned(config, steps=3):
    trainer = Trainer(config)
    for _ in range(steps):
        trainer.step()
    return trainer.checkpoint()


@pytest.mark.parametrize("config", [ADAM, SGD], ids=["adam", "sgd"])
def test_the_same_seed_learns_the_same_bit_for_bit_and_another_does_not(compiled, config):
    one, again = learned(config), learned(config)
    other = learned(dataclasses.replace(config, seed=config.seed + 1))
    assert one.run.keys() == again.run.keys() == other.run.keys()
    for name, array in one.run.items():
        assert array.tobytes() == again.run[name].tobytes(), name
    kernel = "params/params/hidden0/kernel"
    assert (one.run[kernel] != other.run[kernel]).any()
    assert (one.run["games/boards"] != other.run["games/boards"]).any()


def test_another_seed_has_other_dice_even_with_the_same_net(compiled):
    one, other = Trainer(SGD), Trainer(dataclasses.replace(SGD, seed=8))
    other._learner = other._learner._replace(
        params=jax.tree.map(jnp.copy, one._learner.params),
        average=jax.tree.map(jnp.copy, one._learner.average))
    one.step()
    other.step()
    assert (one.checkpoint().run["games/boards"] != other.checkpoint().run["games/boards"]).any()
