"""Boundaries: what layers do because of them, and how they are compared with true ends."""

from __future__ import annotations

import numpy as np
import pytest

from agent.nets import numpy_hm_lstm
from agent.nets.numpy_recurrent import NUMPY
from study.boundaries import OPERATIONS, ends_of, judged, match, operations, shares
from study.text import Corpus, of_text


def drawn(rate, count, seed):
    return np.random.default_rng(seed).random(count) < rate


def test_what_layers_do_is_what_the_net_did():
    settings = {"width": 5, "layers": 3, "slope": 1.0, "layer_norm": False}
    rng, params = np.random.default_rng(4), {}
    for path, shape in numpy_hm_lstm.shapes(4, settings).items():
        layer, name = path.split("/")
        params.setdefault(layer, {})[name] = rng.normal(size=shape).astype("f4")
    kernel, bias = numpy_hm_lstm.driven(params, settings)
    states, ends, kept, flushed = numpy_hm_lstm.zero_states(settings), [], [], []
    # Of what was forgotten nothing is left, however large it was.
    huge = [state._replace(cell=state.cell + 1e6) for state in states]
    for x in rng.normal(size=(200, 4)).astype("f4"):
        before = states
        _, states = numpy_hm_lstm.step(x @ kernel + bias, before, params, settings, NUMPY)
        _, other = numpy_hm_lstm.step(
            x @ kernel + bias, [old._replace(cell=far.cell) for old, far in zip(before, huge,
                                                                               strict=True)],
            params, settings, NUMPY)
        ends.append([state.boundary[0] == 1 for state in states[:-1]])
        kept.append([(old.cell == new.cell).all()
                     for old, new in zip(before, states, strict=True)])
        flushed.append([(abs(new.cell) < 1).all() for new in other])
    done = operations(np.array(ends))
    assert ((done == OPERATIONS.index("copy")) == kept).all()
    assert ((done == OPERATIONS.index("flush")) == flushed).all()
    assert [sorted(set(column.tolist())) for column in done.T] == [[0, 2], [0, 1, 2], [0, 1]]
    for of_layer, column in zip(shares(done), done.T, strict=True):
        assert of_layer == {name: (column == i).mean() for i, name in enumerate(OPERATIONS)}


def test_updates_are_all_that_is_not_copied():
    ends = np.array([[0, 0], [1, 0], [0, 0], [0, 1], [0, 0]], bool)
    found = judged(ends, {})
    # The lowest always works; the second where the first has just ended something, or itself the
    # step before; the top where the second ends something.
    assert found["updates"] == pytest.approx((5 + 2 + 1) / 15)
    assert found["rates"] == [0.2, 0.2] and found["matches"] == {}
    nothing = judged(np.zeros((9, 2), bool), {})
    assert nothing["updates"] == pytest.approx(1 / 3)
    assert judged(np.ones((9, 2), bool), {})["updates"] == 1


def test_precision_is_of_boundaries_and_recall_of_ends():
    true = np.array([1, 0, 0, 1, 0, 0, 1, 0, 0, 0], bool)
    found = np.array([1, 0, 0, 0, 0, 0, 1, 0, 1, 1], bool)
    one = match(found, true)
    assert (one.precision, one.recall, one.shift) == (2 / 4, 2 / 3, 0)
    assert one.f1 == pytest.approx(4 / 7)


def test_a_boundary_may_come_a_token_late_and_not_two():
    true = drawn(0.05, 3000, 1)
    late, later = np.roll(true, 1), np.roll(true, 2)
    assert match(true, true)[:3] == (1, 1, 1) and match(true, true).shift == 0
    assert match(late, true).f1 == pytest.approx(1, abs=1e-3) and match(late, true).shift == 1
    assert match(later, true).f1 < 0.2


@pytest.mark.parametrize(("rate", "often"), [(0.2, 0.2), (0.5, 0.1), (0.05, 0.3)])
def test_random_boundaries_get_what_is_said_of_them(rate, often):
    found, true = drawn(rate, 200_000, 1), drawn(often, 200_000, 2)
    one = match(found, true)
    assert one.f1 == pytest.approx(one.random, abs=0.01)
    assert one.random == pytest.approx(2 * rate * often / (rate + often), abs=0.01)


@pytest.mark.parametrize("found", [np.zeros(9, bool), np.ones(9, bool)])
def test_where_there_is_nothing_nothing_is_met(found):
    one = match(found, np.zeros(9, bool))
    assert one[:3] == (0, 0, 0) and one.random == 0


def test_true_ends_of_text_are_those_of_words_and_sentences():
    corpus = of_text("to be or not. " * 9, "Hamlet")
    ends = ends_of(corpus)
    assert list(ends) == ["word ends", "sentence ends"]
    assert "".join("|" if end else "." for end in ends["word ends"][:14]) == ".|..|..|...|.."
    assert np.flatnonzero(ends["sentence ends"])[0] == 12


def test_a_phase_ends_with_the_last_turn_before_the_next_and_not_with_a_game():
    phase = np.array([0, 0, 0, 1, 1, 2, 2, 0, 0, 2], np.int8)
    turns = np.array([0, 0, 1, 0, 1, 0, 0, 0, 1, 0], bool)
    corpus = Corpus(np.zeros(10, np.int16), ("a",), "it", {"turn ends": turns, "phase": phase},
                    slice(0, 8), slice(8, 9), slice(9, 10))
    ends = ends_of(corpus)
    assert np.flatnonzero(ends["phase changes"]).tolist() == [2, 4, 8]
    assert (ends["turn ends"] == turns).all()
