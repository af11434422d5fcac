"""The highway study on scikit-learn's digits: its effects, its words and its pictures."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import linen as nn

from agent.errors import AgentError
from study import highway
from study.classifiers import ConvHighway, Dense, pooled
from study.fitting import Fitter, Recipe
from study.highway import Row, Settings, Study
from study.highway_picture import pictures
from study.images import digits
from ui.highway_study import as_text

pytest.importorskip("sklearn")
PARTS = ("contrast", "depth", "carry", "tuned")


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def study(told):
    """Return the JSON of the quick study, all but its convolutional part."""
    settings = Settings.quick(parts=PARTS, depths=(20,))
    found = highway.run(digits(), settings, lambda *step: told.append(step))
    return json.loads(json.dumps(found.as_json(), allow_nan=False))


def accuracies(study, part, net, **wanted):
    """Return the accuracies of all seeds of the only row that fits."""
    rows = [row for row in study["parts"][part] if row["net"] == net
            and all(row[key] == value for key, value in wanted.items())]
    assert len(rows) == 1
    return [by_seed["accuracy"] for by_seed in rows[0]["by_seed"]]


def test_twenty_plain_layers_learn_nothing_where_highway_layers_learn(study):
    assert max(accuracies(study, "contrast", "plain")) < 0.2
    assert min(accuracies(study, "contrast", "highway")) > 0.8
    assert min(accuracies(study, "contrast", "shallow")) > 0.9


def test_gates_that_begin_open_learn_nothing_and_shut_ones_learn(study):
    assert max(accuracies(study, "carry", "highway", carry_bias=2)) < 0.2
    assert min(accuracies(study, "carry", "highway", carry_bias=-2)) > 0.8


def test_a_search_tries_settings_and_trains_the_best_of_those_held_out(study):
    for row in study["parts"]["tuned"]:
        best = max(t["accuracy"] for t in row["tried"])
        chosen = {key: row[key] for key in ("init", "activation", "rate", "carry_bias")}
        assert len(row["tried"]) == 2 and row["tried"][0]["rate"] == 0.01
        assert any({**t, **chosen} == t and t["accuracy"] == best for t in row["tried"])
    assert min(accuracies(study, "tuned", "highway")) > 0.8


def test_nothing_is_trained_twice_and_every_seed_is_told(study, told):
    same = accuracies(study, "contrast", "highway")
    assert same == accuracies(study, "depth", "highway", layers=20)
    assert [s["seed"] for s in study["parts"]["contrast"][0]["by_seed"]] == [1, 2]
    done, totals, _ = zip(*told, strict=True)
    assert list(done) == sorted(done) and {*totals} == {done[-1]}


def test_the_tables_name_every_net_and_figure(study):
    text = as_text(study)
    for rows in study["parts"].values():
        for row in rows:
            assert f"{100 * row['accuracy']:.2f} ± {100 * row['sd']:.2f}" in text
    assert "+2" in text and "settings tried" in text and "compile s" in text
    assert all(len(line) < 160 for line in text.splitlines())


def test_every_part_is_drawn_from_the_json(study):
    drawn = pictures(study)
    assert [*drawn] == ["contrast", "depth", "carry"]
    legend = {text.get_text() for text in drawn["depth"].axes[0].get_legend().get_texts()}
    assert legend == {"plain", "highway", "tuned plain", "tuned highway"}
    for figure in drawn.values():
        figure.savefig(io.BytesIO(), format="png")


def test_a_single_seed_has_no_deviation_and_a_diverged_run_is_a_result():
    recipe = Recipe(Dense(3, True), 40, rate=1e30)
    fit = Fitter(digits()).fit(recipe, 1)
    row = Row("contrast", "highway", recipe, (fit,), 9, 1.0)
    found = Study(Settings.quick(seeds=1), digits().as_json(), {"contrast": (row,)}, 1.0).as_json()
    values = found["parts"]["contrast"][0]
    assert values["diverged"] == 1 and values["sd"] is None
    assert values["by_seed"][0]["loss"] is None and 0 <= values["accuracy"] < 0.3
    json.dumps(found, allow_nan=False)
    assert "diverged" in as_text(found)
    pictures(found)["contrast"].savefig(io.BytesIO(), format="png")


def test_the_same_seed_gives_the_same_result_and_held_out_images_are_training_images():
    fitter = Fitter(digits())
    recipe = Recipe(Dense(1), 30)
    first, again, other = (fitter.fit(recipe, seed) for seed in (1, 1, 2))
    assert first.loss == again.loss and first.accuracy == again.accuracy
    assert first.loss != other.loss
    blind = Fitter(replace(digits(), test=np.zeros_like(digits().test)))
    held_out = [f.fit(recipe, 1, held_out=True) for f in (fitter, blind)]
    assert held_out[0].accuracy == held_out[1].accuracy and held_out[0].loss == held_out[1].loss


def test_a_thousand_layers_compile_in_less_than_half_a_minute():
    fitter = Fitter(digits())
    assert 0 < fitter.compile_s(Recipe(Dense(1000, True, -20.0), 3000)) < 30


def test_the_convolutional_net_learns():
    fit = Fitter(digits()).fit(Recipe(ConvHighway(channels=8, layers=(1, 1, 1)), 60), 1)
    assert fit.loss[-1] < 0.9 * math.log(10) < fit.loss[0]


def test_the_convolutional_net_has_the_sizes_of_the_source():
    for size, left in ((28, 4), (8, 4)):
        shapes = jax.eval_shape(ConvHighway().init, jax.random.key(0),
                                np.zeros((1, size, size), np.float32))["params"]
        assert shapes["last"]["kernel"].shape == (left * left * 32, 10)
        assert [shapes[f"stack_{i}"]["kernel"].shape[0] for i in range(3)] == [2, 3, 3]


@pytest.mark.parametrize("n", [7, 8, 9])
@pytest.mark.parametrize("size", [2, 3])
def test_pooling_is_that_of_flax(n, size):
    x = np.random.default_rng(n).normal(size=(2, n, n, 3)).astype(np.float32)
    assert np.array_equal(pooled(x, size), nn.max_pool(x, (size, size), (2, 2), "SAME"))


@pytest.mark.parametrize(("changes", "words"), [
    ({"parts": ("depht",)}, "part must be one of contrast, depth, carry, tuned, conv"),
    ({"parts": ()}, "at least one part"), ({"seeds": 0}, "seeds must be 1 to 100, not 0"),
    ({"depths": (2,)}, "a depth must be 3 to 10000 layers, not 2"),
    ({"carry_biases": (2000,)}, "a carry bias must be -1000 to 1000"),
    ({"depths": ()}, "at least one depth"), ({"rate": 0}, "rate must be above 0"),
    ({"conv_init": "none"}, "conv_init must be source, he or glorot"),
])
def test_settings_that_make_no_sense_are_refused(changes, words):
    with pytest.raises(AgentError, match=words):
        Settings(**changes)


def test_a_batch_needs_as_many_images():
    with pytest.raises(AgentError, match="1437 training images are too few"):
        highway.run(digits(), Settings(batch=1300))
