"""Depth in backgammon: what is compared, what it shows, and that nothing is done twice."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import agent.training
from agent.catalog import network
from agent.errors import AgentError, ConfigError
from agent.nets.registry import build
from study import depth, gates
from study.depth import RESULT, run, summary
from study.depth_nets import KINDS, OPPONENTS, Settings, carry_bias, config, nets, size_of
from study.depth_picture import picture
from ui.depth_study import as_text

# Small, but deep: 30 layers. Contests of so few games are played without compiling.
REDUCED = Settings(games=500, kinds=("plain", "highway"), depths=(30,), width=12, lam=0.7,
                   alpha=0.008, batch=8, measure_games=12, prune="")


# What is compared


def test_depth_counts_the_layers_of_hidden_units_alike_in_all_kinds():
    settings = Settings()
    assert [(net.kind, net.depth) for net in nets(settings)] == [
        (kind, deep) for deep in (3, 20, 50) for kind in KINDS]
    for net in nets(settings):
        how = config(settings, net)
        made = jax.eval_shape(build(how.net, how.net_settings).init, jax.random.key(1),
                              jnp.zeros((1, 198)))["params"]
        dense = [layer for name, layer in made.items() if name not in ("stack", "outcome")]
        assert len(dense) + made["stack"]["kernel"].shape[0] == net.depth
        assert size_of(how.net, how.net_settings) == sum(a.size for a in jax.tree.leaves(made))
        assert ("gate_kernel" in made["stack"]) == (net.kind != "plain")
        assert how.carry_bias == (None if net.kind == "plain" else carry_bias(net.depth))


def test_all_nets_learn_in_the_same_way_and_plain_ones_are_as_large_as_highway_nets():
    settings = Settings(seeds=2, seed=5)
    hows = {net: config(settings, net) for net in nets(settings)}
    own = {"net", "width", "layers", "gated", "carry_bias", "channels", "kernel", "dilation",
           "head", "activation", "seed"}
    shared = [{k: v for k, v in how.as_json().items() if k not in own} for how in hows.values()]
    assert all(how == shared[0] for how in shared) and "alpha" in shared[0]
    assert {net.seed for net in hows} == {5, 6} == {how.seed for how in hows.values()}
    for deep in settings.depths:
        plain, highway = (size_of(how.net, how.net_settings) for net, how in hows.items()
                          if net.depth == deep and net.seed == 5 and net.kind != "conv")
        assert abs(plain - highway) / highway < 0.02


@pytest.mark.parametrize(("given", "said"), [
    ({"games": 0}, "games must be at least 1, not 0"),
    ({"games": 1.5}, "must be whole numbers"),
    ({"depths": (2, 20)}, "depths must be 3 to 10000"),
    ({"depths": ()}, "depths must be 3 to 10000"),
    ({"depths": (20, 20)}, "once only"),
    ({"kinds": ("plain", "lstm")}, "kinds must be some of plain, highway, conv"),
    ({"kinds": ()}, "kinds must be some of"),
    ({"seeds": 0}, "seeds must be 1 to 1000, not 0"),
    ({"measure_games": 2}, "measure at least 4 games, not 2"),
    ({"width": 0}, "width must be 1 to 65536, not 0"),
    ({"kernel": 4}, "kernel must be odd"),
    ({"alpha": -1.0}, "alpha must be above 0"),
    ({"prune_within": 0.0}, "prune_within must be above 0"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Settings(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_who_cannot_prune_is_refused_before_there_is_a_folder(tmp_path):
    with pytest.raises(AgentError, match="plays can be pruned by a network only"):
        run(Settings(prune="random"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


# What it shows: one study, interrupted twice


class Sittings:
    """A study in three sittings: stopped while learning, while measuring, and then finished."""

    def __init__(self, folder):
        self.folder, self.words = folder, []
        self.compiled, real = {}, agent.training.make_learn

        def make_learn(*args):
            def learn(learner, *rest):
                shape = str(jax.tree.map(jnp.shape, learner.params))
                if shape not in self.compiled:
                    self.compiled[shape] = real(*args)
                return self.compiled[shape](learner, *rest)

            return learn

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(agent.training, "make_learn", make_learn)
            self.first = self.sit(lambda: "learning" in self.words[-1])
            self.games_then = self.done[-1]
            self.second = self.sit(lambda: "against td-gammon" in self.words[-1])
            self.last = self.sit(lambda: False)

    def sit(self, stop):
        self.done = []

        def progress(done, total, words):
            assert 0 <= done <= total == 2 * REDUCED.games
            self.done.append(done)
            self.words.append(words)

        result = run(REDUCED, self.folder, progress, stop)
        assert self.done == sorted(self.done)
        return json.loads(json.dumps(result))


@pytest.fixture(scope="module")
def sittings(tmp_path_factory):
    return Sittings(tmp_path_factory.mktemp("study") / "depth")


def test_of_30_layers_highway_ones_learn_and_plain_ones_say_the_same_of_all_positions(sittings):
    plain, highway = summary(sittings.last)
    assert (plain["kind"], highway["kind"]) == ("plain", "highway")
    assert plain["spread"] < 0.05 and plain["correlation"] < 0.1
    assert highway["spread"] > 0.3 and highway["correlation"] > 0.2
    assert plain["parameters"] == pytest.approx(highway["parameters"], rel=0.05)


def test_the_gates_of_the_trained_net_tell_positions_apart(sittings):
    highway = network(sittings.folder / "highway-30-seed-1", "highway-30")
    found = gates.measure(highway, gates.played(highway, games=4))
    assert found["layers"] == 29 and max(found["sd"]) > 0.01
    moved = np.abs(np.array(found["mean"]) - found["at_first"])
    assert moved.max() > 0.01


def test_a_study_goes_on_where_it_was_and_trains_nothing_twice(sittings, monkeypatch):
    first, second, last = sittings.first, sittings.second, sittings.last
    assert first["stopped"] and first["nets"] == [] and 0 < sittings.games_then < REDUCED.games
    assert second["stopped"] and list(second["nets"][0]["contests"]) == ["pubeval"]
    assert not last["stopped"]
    assert [set(net["contests"]) for net in last["nets"]] == [set(OPPONENTS)] * 2
    assert len(sittings.compiled) == 2
    kept = second["nets"][0]["contests"]["pubeval"]
    assert last["nets"][0]["contests"]["pubeval"] == kept, "what was measured stays"
    for net in last["nets"]:
        assert net["games"] >= REDUCED.games and net["seconds"] > 0
        for contest in net["contests"].values():
            assert contest["games"] == 12 and contest["ppg_se"] > 0
    monkeypatch.setattr(depth.runs, "run", None)
    monkeypatch.setattr(depth, "play_contest", None)
    assert run(REDUCED, sittings.folder) == last
    assert json.loads((sittings.folder / RESULT).read_text()) == {**last, "stopped": False}


def test_another_study_in_the_folder_is_refused(sittings):
    with pytest.raises(AgentError) as refusal:
        run(Settings(**{**REDUCED.as_json(), "games": 700}), sittings.folder)
    assert "holds a study with games 500, not 700" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_result_is_refused(text, tmp_path):
    (tmp_path / RESULT).write_text(text)
    with pytest.raises(AgentError, match="cannot be read") as refusal:
        run(REDUCED, tmp_path)
    assert "\n" not in str(refusal.value)


# The table and the picture


def made_up(**given):
    """Return a result with numbers made up from a net's kind, depth and seed."""
    settings = Settings(**given)
    rows = []
    for net in nets(settings):
        how = config(settings, net)
        ppg = KINDS.index(net.kind) - net.depth / 50 + net.seed / 10
        rows.append({
            "kind": net.kind, "depth": net.depth, "seed": net.seed, "width": how.width,
            "carry_bias": how.carry_bias, "parameters": size_of(how.net, how.net_settings),
            "games": settings.games, "seconds": 100.0 * net.seed,
            "games_per_s": None if net.depth == 3 else 10.0 * net.seed,
            "spread": 0.25, "correlation": 0.5,
            "contests": {name: {"ppg": ppg - i, "ppg_se": 0.03}
                         for i, name in enumerate(OPPONENTS)}})
    return {"settings": settings.as_json(), "stopped": False, "nets": rows}


def test_of_one_seed_the_error_is_that_of_the_dice_and_of_several_their_deviation():
    (one,) = summary(made_up(depths=(50,), kinds=("highway",)))
    assert one["ppg"]["pubeval"] == [pytest.approx(0.1), 0.03] and one["seeds"] == 1
    (three,) = summary(made_up(depths=(50,), kinds=("highway",), seeds=3))
    assert three["ppg"]["td-gammon"] == [pytest.approx(-0.8), pytest.approx(0.1)]
    assert three["seconds"] == 200 and three["games_per_s"] == 20 and three["seeds"] == 3


def test_the_table_has_a_row_for_each_kind_and_depth_and_says_what_is_missing():
    result = made_up()
    text = as_text(result)
    assert "Not finished" not in text
    assert "plain       20          44           -      46,601  -0.300 ± 0.030" in text
    assert "conv        50  8 x 24, 32          -4      25,885  +1.100 ± 0.030" in text
    assert sum("±" in line and "ppg" not in line for line in text.splitlines()) == 9 + 1
    result["nets"] = result["nets"][:2]
    result["nets"][1]["contests"].pop("td-gammon")
    text = as_text(result)
    assert "Not finished: 1 of 9 nets are trained and measured" in text
    assert len([line for line in text.splitlines() if line.startswith("  highway")]) == 1


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_picture_shows_points_with_their_errors_by_kind(seeds):
    result = made_up(seeds=seeds)
    rows = summary(result)
    figure = picture(result)
    figure.canvas.draw()
    for panel, opponent in zip(figure.axes, OPPONENTS, strict=False):
        assert opponent in panel.get_title() and len(panel.containers) == len(KINDS)
        for kind, drawn in zip(KINDS, panel.containers, strict=True):
            mine = [row["ppg"][opponent] for row in rows if row["kind"] == kind]
            line, _, (bars,) = drawn
            np.testing.assert_allclose(line.get_ydata().astype(float), [mean for mean, _ in mine])
            heights = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
            np.testing.assert_allclose(heights, [se for _, se in mine])
    rates = [line.get_ydata().tolist() for line in figure.axes[2].lines]
    assert rates == [[10.0 * (1 + seeds) / 2] * 2] * 3, "what is not known is not drawn"


def test_a_study_that_has_just_begun_can_be_drawn():
    result = {**made_up(), "nets": []}
    picture(result).canvas.draw()
    assert "0 of 9 nets" in as_text(result)
