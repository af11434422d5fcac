"""Multiscale LSTMs beside LSTMs: what is compared and found, and that nothing is done twice."""

from __future__ import annotations

import copy
import functools
import json

import jax
import numpy as np
import pytest
from click.testing import CliRunner

from agent.errors import AgentError, ConfigError
from agent.nets import numpy_lstm
from agent.pictures import save_png
from commands import study_hm_lstm as command
from study import game_corpus, hm_lstm
from study.hm_lstm import GAMES, RESULT, run, summary
from study.hm_lstm_nets import (
    KINDS,
    Multiscale,
    Settings,
    boundaries,
    nets,
    open_gates,
    size_of,
    trainer_of,
    width_of,
)
from study.hm_lstm_picture import pictures
from ui.hm_lstm_study import as_text

# Small, and of two layers: what takes time is compiling.
REDUCED = Settings(corpora=("games",), seeds=1, tokens=6000, width=6, layers=2, embedding=5,
                   batch=4, steps=10, pieces=3, slow_pieces=1, games=150, measured=1500,
                   boundary_bias=(0.4,), layer_norm=False, nested=False)


# What is compared


def test_every_kind_learns_on_every_corpus_with_every_seed():
    found = nets(Settings(seeds=2, seed=5))
    assert len(found) == len(set(found)) == 12
    # All of a seed first, so that a study that is stopped has compared something.
    assert [net.seed for net in found] == [5] * 6 + [6] * 6
    assert {(net.corpus, net.kind) for net in found[:6]} == {
        (corpus, kind) for corpus in ("games", "text") for kind in KINDS}


@pytest.mark.parametrize("vocabulary", [66, 162])
def test_an_lstm_is_as_large_as_the_net_beside_it(vocabulary):
    settings = Settings()
    sizes = [size_of(kind, vocabulary, settings, width_of(kind, vocabulary, settings))
             for kind in KINDS]
    assert sizes[1] == sizes[2] and abs(sizes[0] - sizes[1]) / sizes[1] < 0.01
    for kind, size in zip(KINDS[:2], sizes, strict=False):
        trainer = trainer_of(kind, vocabulary, settings)
        states = trainer.model.stack.zero_state(1)
        made = jax.eval_shape(trainer.model.init, jax.random.key(1), np.zeros((1, 1), "i4"), states)
        assert sum(a.size for a in jax.tree.leaves(made["params"])) == size


def test_the_slope_grows_from_one_to_five_over_the_run():
    settings = Settings(pieces=5, slow_pieces=1)
    assert [settings.slope_of(piece) for piece in range(5)] == [1, 2, 3, 4, 5]


def test_the_rate_is_halved_in_each_of_the_last_pieces_alone():
    settings = Settings(pieces=6, slow_pieces=2, rate=0.004)
    rates = [settings.training.rate_of(piece) for piece in range(6)]
    assert rates == pytest.approx([0.004] * 4 + [0.002, 0.001])


def test_rates_outside_of_their_band_cost_what_is_said():
    settings = {"width": 5, "layers": 2, "boundary_bias": 0.1}
    free, held = Multiscale(**settings), Multiscale(**settings, band=(0.1, 0.2), band_weight=3.0)
    xs, states = np.random.default_rng(1).normal(size=(9, 4, 6)).astype("f4"), held.zero_state(4)
    params = held.init(jax.random.key(1, impl="rbg"), xs[0], states, method="step")

    def total(params):
        (outputs, _), told = free.apply(params, xs, states, mutable=["ends"])
        rate, = told["ends"]["ends"][0].mean((0, 1))
        # It is above the band. That it costs something is told to gradients alone.
        cost = 9 * 3.0 * (rate - 0.2) ** 2
        return outputs.sum() + cost, (outputs.sum(), rate)

    def watched(params):
        return held.apply(params, xs, states, True)[0].sum()

    (_, (plain, rate)), wanted = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
    value, found = jax.jit(jax.value_and_grad(watched))(params)
    assert rate > 0.3 and value == pytest.approx(float(plain), abs=1e-5)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), found, wanted)
    assert abs(np.asarray(wanted["params"]["layer0"]["bias"])[-1]) > 1


def test_forget_gates_of_an_lstm_begin_open_and_no_others():
    found = open_gates(jax.random.key(1), (12,))
    assert found.tolist() == [0] * 6 + [1] * 3 + [0] * 3
    assert numpy_lstm.VARIANTS["vanilla"].blocks == ("z", "i", "f", "o")


@pytest.mark.parametrize(("given", "said"), [
    ({"band": (0.3, 0.1)}, "band must be two shares, the lower one first, not"),
    ({"band": (0.3,)}, "band must be two shares"),
    ({"kinds": ("gru",)}, "kinds must be some of lstm, hm-lstm, hm-lstm annealed, each once"),
    ({"kinds": ()}, "kinds must be some of"), ({"corpora": ("games", "games")}, "each once"),
    ({"seeds": 0}, "seeds must be 1 to 100, not 0"), ({"layers": 1}, "layers must be 2 to 20"),
    ({"tokens": 100}, r"tokens must be at least 40,000 \(25 pieces of 32 x 50\), not 100"),
    ({"pieces": 4, "slow_pieces": 4}, "slow_pieces must be 0 to 3, not 4"),
    ({"rate": 0.0}, "rate must be above 0"), ({"games": 2}, "games must be 3 to"),
    ({"width": 1.5}, "width must be 1 to 4096, not 1.5"),
    ({"boundary_bias": (1e9, 0)}, "a boundary bias must be -1000 to 1000, not 1e"),
    ({"boundary_bias": (0.1, 0.2, 0.3)}, "boundary_bias must be one number or 2, not 3"),
])
def test_settings_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError, match=said) as refusal:
        Settings(**given)
    assert "\n" not in str(refusal.value)


# What is found: one study of games in two sittings


class Sittings:
    """A study that is stopped while its second net learns, and gone on with."""

    def __init__(self, folder):
        self.folder, self.words = folder / "mine", []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hm_lstm, "trainer_of", functools.cache(trainer_of))
            self.first = self.sit(lambda: "hm-lstm on games" in self.words[-1])
            self.kept = json.loads((self.folder / RESULT).read_text())
            self.games = (self.folder / GAMES).stat()
            self.last = self.sit(lambda: False)

    def sit(self, stop):
        def progress(done, total, words):
            assert 0 <= done <= total == 3 * REDUCED.tokens
            self.words.append(words)

        result = run(REDUCED, self.folder, progress, stop)
        assert json.loads((self.folder / RESULT).read_text())["runs"] == result["runs"]
        return result


@pytest.fixture(scope="module")
def sittings(tmp_path_factory):
    return Sittings(tmp_path_factory.mktemp("study"))


def test_what_was_done_before_it_was_stopped_is_not_done_again(sittings):
    assert sittings.first["stopped"] and not sittings.last["stopped"]
    assert [row["kind"] for row in sittings.kept["runs"]] == ["lstm"]
    assert sittings.last["runs"][0] == sittings.kept["runs"][0]
    found = [(row["corpus"], row["kind"], row["seed"]) for row in sittings.last["runs"]]
    assert found == nets(REDUCED)
    assert (sittings.folder / GAMES).stat().st_mtime_ns == sittings.games.st_mtime_ns


def test_every_net_learns_something(sittings):
    for row in sittings.last["runs"]:
        vocabulary = sittings.last["corpora"][row["corpus"]]["vocabulary"]
        assert row["diverged"] is None and 0 < row["bits"] < np.log2(vocabulary) - 0.2
        assert [tokens for tokens, _ in row["valid"]] == [2000, 4000, 6000]
        assert row["valid"][-1][1] < row["valid"][0][1] and row["seconds"] > 0


def test_boundaries_are_those_of_the_net_as_it_reads(sittings):
    corpus = game_corpus.read(sittings.folder / GAMES)
    trainer = trainer_of("hm-lstm", len(corpus.vocabulary), REDUCED)
    params, tokens = trainer.init(3), corpus.tokens[corpus.test][:130]
    found = boundaries(trainer, params, tokens, streams=3)
    assert found.shape == (3, 40, 1) and found.dtype == bool and 0 < found.mean() < 1
    # Each stream alone, step by step from the front.
    stack, table = trainer.model.stack, params["params"]["embedding"]
    step = jax.jit(lambda x, states: stack.apply(
        {"params": params["params"]["stack"]}, x, states, method="step"))
    states = stack.zero_state()
    for t in range(40):
        _, states = step(table[tokens[40 + t]], states)
        assert (states[0].boundary > 0) == found[1, t]


def test_rates_updates_and_matches_are_told_of_nets_with_boundaries_alone(sittings):
    for row in sittings.last["runs"]:
        if row["kind"] == "lstm":
            assert "rates" not in row and "example" not in row
            continue
        rate, = row["rates"]
        assert 0 <= rate <= 1
        # Of two layers the lower one always works, the upper one at boundaries.
        assert row["updates"] == pytest.approx((1 + rate) / 2)
        assert list(row["matches"]) == ["turn ends", "phase changes"]
        example = row["example"]
        assert len(example["tokens"]) == len(example["ends"]) > 20
        assert example["tokens"][0] == "start"
        assert example["true"]["turn ends"] == [token == ";" for token in example["tokens"]]


def test_means_are_over_seeds(sittings):
    twice = sittings.last | {"runs": [
        *sittings.last["runs"],
        *(row | {"seed": 2, "bits": row["bits"] + 0.2} for row in sittings.last["runs"])]}
    one, two = summary(sittings.last), summary(twice)
    assert len(one) == len(two) == 3
    for before, after in zip(one, two, strict=True):
        assert before["sd"] is None and after["sd"] == pytest.approx(0.2 / 2**0.5)
        assert after["bits"] == pytest.approx(before["bits"] + 0.1)
        assert (after["seeds"], after["width"]) == (2, before["width"])
        if before["kind"] != "lstm":
            assert after["worse"] == pytest.approx(before["worse"])
            assert after["rates"] == before["rates"]
    lstm = next(row for row in one if row["kind"] == "lstm")
    other = next(row for row in one if row["kind"] == "hm-lstm")
    assert other["worse"] == pytest.approx(other["bits"] - lstm["bits"])


def test_the_table_says_of_each_net_what_was_found(sittings):
    text = as_text(sittings.last)
    for row in sittings.last["runs"]:
        line = next(line for line in text.splitlines()
                    if line.split()[0:1] == [row["corpus"]] and f"{row['bits']:.4f}" in line)
        assert row["kind"] in line
    assert "Not finished" not in text and "phase changes" in text
    assert "Not finished: 1 of 3 nets" in as_text(sittings.first)


def test_pictures_are_drawn_of_what_there_is(sittings, tmp_path):
    assert list(pictures(sittings.last)) == ["bits", "boundaries-games"]
    assert list(pictures(sittings.first)) == ["bits"]
    assert pictures(sittings.last | {"runs": []}) == {}
    found = pictures(sittings.last)
    shown = [label.get_text() for panel in found["boundaries-games"].axes
             for label in panel.get_xticklabels()]
    example = next(row["example"] for row in sittings.last["runs"]
                   if row["corpus"] == "games" and row["kind"] == KINDS[-1])
    assert shown == example["tokens"]
    # Of text, whose tokens are single characters, too.
    text = copy.deepcopy(sittings.last)
    for row in text["runs"][1:]:
        row["example"]["tokens"] = [token[0] for token in row["example"]["tokens"]]
    for result in (sittings.last, text):
        for name, figure in pictures(result).items():
            save_png(figure, tmp_path / f"{name}.png")


# What is refused


def test_a_folder_of_another_study_is_refused(sittings):
    other = Settings(**(REDUCED.as_json() | {"width": 7}))
    with pytest.raises(AgentError, match="holds a study with width 6, not 7"):
        run(other, sittings.folder)


@pytest.mark.parametrize("words", ["", "[]", '{"study": "depth"}', '{"study": "hm-lstm"}'])
def test_a_file_that_is_no_result_is_refused(tmp_path, words):
    (tmp_path / RESULT).write_text(words)
    with pytest.raises(AgentError, match="hm-lstm.json: cannot be read") as refusal:
        run(REDUCED, tmp_path)
    assert "\n" not in str(refusal.value) and (tmp_path / RESULT).read_text() == words


@pytest.mark.parametrize(("changes", "said"), [
    ({"corpora": ("text",), "text": "nowhere.txt"}, "nowhere.txt: cannot be read"),
    ({"corpora": ("games",), "agent": "nobody"}, "unknown agent 'nobody'"),
])
def test_mistakes_leave_no_folder_behind(tmp_path, monkeypatch, changes, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AgentError, match=said):
        run(Settings(**(REDUCED.as_json() | changes)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_corpus_that_is_too_short_is_refused(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("to be or not to be " * 90)
    settings = Settings(**(REDUCED.as_json() | {"corpora": ("text",), "text": str(path)}))
    with pytest.raises(AgentError, match="85 tokens of its valid part are too few"):
        run(settings, tmp_path / "new")


# The command


@pytest.mark.parametrize("stopped", [False, True])
def test_the_command_asks_for_what_was_said_and_tells_whether_it_was_stopped(
    tmp_path, monkeypatch, stopped
):
    asked = []

    def found(settings, folder, progress, stop):
        asked.append((settings, folder))
        return hm_lstm._taken_up(settings, folder) | {"stopped": stopped}

    monkeypatch.setattr(hm_lstm, "run", found)
    done = CliRunner().invoke(command.hm_lstm, [
        "--quick", "--corpora", "text", "--kinds", "lstm,hm-lstm", "--tokens", "50000", "--text",
        "my.txt", "--no-layer-norm", "--not-nested", "--boundary-bias", "0.4,0",
        "--device", "cpu", "--out", str(tmp_path), "--json"])
    assert done.exit_code == (130 if stopped else 0), done.output
    assert json.loads(done.stdout)["stopped"] is stopped
    assert asked == [(Settings.quick(corpora=("text",), kinds=("lstm", "hm-lstm"), tokens=50_000,
                                     text="my.txt", layer_norm=False, nested=False,
                                     boundary_bias=(0.4, 0)), tmp_path)]
