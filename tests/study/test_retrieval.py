"""The associative retrieval task: its questions, its nets, and that it is learned."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets import numpy_contextual, numpy_fast_weights
from agent.nets.numpy_recurrent import NUMPY
from study import retrieval
from study.retrieval import (
    KINDS,
    LETTERS,
    MARK,
    Settings,
    drawn,
    guessed,
    logits,
    questions,
    run,
    runs,
    shapes,
    text,
)


@pytest.mark.parametrize("k", [2, 4, 8])
def test_the_answer_stands_behind_the_letter_that_is_asked_for(k):
    asked, answers = questions(k, 500, np.random.default_rng(1))
    assert asked.shape == (500, k + 3) and asked.dtype == answers.dtype == np.int32
    places = set()
    for question, answer in zip(asked, answers, strict=True):
        line = text(question)
        assert line[:k:2].isalpha() and line[1:k:2].isdigit() and line[k:-1] == "??"
        assert len(set(line[:k:2])) == k // 2
        place = line[:k:2].index(line[-1])
        places.add(place)
        assert "abcdefghijklmnopqrstuvwxyz0123456789?"[answer] == line[1:k:2][place]
    assert places == set(range(k // 2))
    assert {*np.unique(asked)} == {*range(MARK + 1)}


def test_questions_are_those_of_their_seed():
    once, again, other = (questions(4, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert (once[0] != other[0]).any()


def test_who_knows_the_digits_alone_is_right_as_often_as_is_said():
    # Two digits: the same one in a tenth of the questions, else one of two.
    assert guessed(4) == pytest.approx(0.1 + 0.9 / 2, abs=0.005)
    assert guessed(2) == 1


@pytest.mark.parametrize("initial", KINDS)
def test_a_net_reads_characters_one_after_the_other_from_its_initial_state(initial):
    params = jax.tree.map(lambda a: np.asarray(a) + np.float32(0.05) * np.random.default_rng(
        a.size).normal(size=a.shape).astype("f4"), drawn(initial, jax.random.key(1)))
    asked, _ = questions(4, 3, np.random.default_rng(2))
    cell, settings = params["cell"], retrieval.CELL
    kernel, bias = numpy_fast_weights.driven(cell, settings)
    found = np.asarray(logits(params, asked, initial))
    for question, said in zip(asked, found, strict=True):
        state = numpy_fast_weights.zero_states(settings)
        state = numpy_contextual.initial_states(
            params.get("initial", {}), params["embedding"][question[0]],
            state, initial, np)
        assert state.hidden.any() == state.fast.any() == (initial != "zero")
        for character in question:
            out, state = numpy_fast_weights.step(
                params["embedding"][character] @ kernel + bias, state, cell, settings, NUMPY)
        bent = np.maximum(out @ params["hidden"]["kernel"] + params["hidden"]["bias"], 0)
        expected = bent @ params["answer"]["kernel"] + params["answer"]["bias"]
        np.testing.assert_allclose(said, expected, rtol=1e-3, atol=1e-4)


def test_nets_differ_in_what_their_initial_states_need():
    count = {name: sum(int(np.prod(s)) for s in shapes(name).values()) for name in KINDS}
    assert count["zero"] == 37 * 100 + 50 * (100 + 50 + 3) + 51 * 100 + 101 * 37
    # A hidden state of 50 and fast weights of 50 x 50; dense layers of a context of 100.
    assert count["free"] - count["zero"] == 50 + 2500
    assert count["learned"] - count["free"] == 100 * (50 + 2500)
    for name in KINDS:
        made = jax.tree.leaves(drawn(name, jax.random.key(1)))
        assert sum(a.size for a in made) == count[name]


def test_every_kind_of_every_seed_is_trained():
    settings = Settings(k=(4, 8), caps=(3, 2), seeds=2, seed=5)
    found = [tuple(run.values()) for run in runs(settings)]
    assert len(set(found)) == len(found) == 2 * 2 * 3
    assert {seed for _, _, seed in found} == {5, 6}
    assert retrieval.work(settings, {"k": 8}) == 2


def test_one_pair_is_learned_and_training_ends_when_it_is():
    told = []
    settings = Settings(k=(2,), caps=(30,), train=1280, test=1000, solved=0.9)
    found = run(settings, {"k": 2, "initial": "learned", "seed": 1},
                lambda epoch, words: told.append((epoch, words)), lambda: False)
    assert found["accuracy"] >= 0.9 and found["solved"] == found["epochs"] == len(told)
    assert 1 < found["epochs"] < 30
    assert found["curve"][-1] == found["accuracy"] and found["loss"][0] > found["loss"][-1]
    assert told[-1] == (found["epochs"], f"{100 * found['accuracy']:.1f} % right")


def test_a_net_that_does_not_come_to_it_is_left_and_one_that_is_stopped_tells_nothing():
    settings = Settings(k=(2,), caps=(1,), train=1280, test=1000, solved=1.0)
    which = {"k": 2, "initial": "learned", "seed": 1}
    found = run(settings, which, lambda epoch, words: None, lambda: False)
    assert found["solved"] is None and found["epochs"] == found["cap"] == 1
    assert run(settings, which, lambda epoch, words: None, lambda: True) is None


@pytest.mark.parametrize(("given", "said"), [
    ({"k": (3, 8)}, "characters of pairs must be even, 2 to 52"),
    ({"k": (4, 2 * LETTERS + 2)}, "characters of pairs must be even, 2 to 52"),
    ({"k": (4,)}, "epochs must be 1 numbers of at least 1"),
    ({"caps": (40, 0)}, "epochs must be 2 numbers of at least 1"),
    ({"kinds": ("zero", "one")}, "kinds must be some of zero, free, learned"),
    ({"seeds": 0}, "seeds must be 1 to 1000, not 0"),
    ({"train": 100}, "train on at least 128 questions, not 100"),
    ({"test": 0}, "test at least one question, not 0"),
    ({"solved": 0.0}, "solved must be above 0 and at most 1, not 0.0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
