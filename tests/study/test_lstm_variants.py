"""The study of LSTM variants: what is compared, that it goes on, and how it is shown."""

from __future__ import annotations

import json

import jax
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from agent.errors import AgentError, ConfigError
from agent.nets.numpy_lstm import VARIANTS, stack_shapes
from commands.study_lstm_variants import lstm_variants
from study import game_corpus
from study.language import Trainer
from study.lstm_variants import GAMES, RESULT, Run, Settings, run, runs, summary
from study.lstm_variants_picture import pictures
from ui.lstm_variants_study import as_text

TEXT = "the quick brown fox jumps over the lazy dog and then sleeps. " * 60


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Settings of a study that takes seconds."""
    path = tmp_path_factory.mktemp("text") / "fox.txt"
    path.write_text(TEXT, encoding="utf-8")
    return {"variants": ["vanilla", "nfg"], "corpora": ["text", "games"], "seeds": 2,
            "text": str(path), "games": 4, "agent": "random", "width": 6, "layers": 1, "epochs": 2,
            "tokens": 1000, "batch": 4, "steps": 10, "decay_after": 1, "valid_tokens": 100,
            "test_tokens": 150}


# What is compared


def test_by_default_all_nine_learn_both_corpora_with_three_seeds_as_the_paper_trains_them():
    settings = Settings()
    assert len(runs(settings)) == 9 * 3 * 2 == len(set(runs(settings)))
    assert runs(settings)[:9] == [Run("text", variant, 1) for variant in VARIANTS]
    how = settings.training()
    assert (how.optimizer, how.rate, how.clip, how.batch, how.steps) == ("sgd", 1.0, 5.0, 20, 35)
    for variant in VARIANTS:
        stack = settings.stack(variant)
        assert (stack.layers, stack.variant) == (2, variant)
        for init in (stack.kernel_init, stack.peephole_init, stack.bias_init):
            drawn = np.asarray(init(jax.random.key(1), (4000,)))
            assert drawn.min() == pytest.approx(-0.1, abs=1e-3)
            assert drawn.max() == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(("given", "said"), [
    ({"variants": ("vanilla", "gru")}, "variants must be some of vanilla, nig"),
    ({"variants": ("np", "np")}, "each once"),
    ({"variants": ()}, "variants must be some of"),
    ({"corpora": ("music",)}, "corpora must be some of text, games"),
    ({"seeds": 0}, "seeds must be 1 to 1000, not 0"),
    ({"seed": -1}, "seed must be 0 to"),
    ({"games": 2}, "games must be at least 3, not 2"),
    ({"width": 0}, "width must be 1 to 4096"),
    ({"layers": 0}, "layers must be 1 to 100"),
    ({"keep": 0.0}, "keep must be above 0 and at most 1"),
    ({"tokens": 600}, "an epoch must have at least 20 x 35 tokens"),
    ({"rate": -1.0}, "rate must be above 0"),
    ({"test_tokens": 1}, "at least 2 tokens must be measured"),
    ({"cell_init": -0.1}, "must not be negative"),
])
def test_settings_that_make_no_sense_are_refused_in_a_line(given, said):
    for make in (Settings, Settings.quick):
        with pytest.raises(ConfigError) as refusal:
            make(**given)
        assert said in str(refusal.value) and "\n" not in str(refusal.value)


# One study in sittings


class Sittings:
    """A study stopped while games are played, then in a run, and then finished."""

    def __init__(self, settings, folder):
        self.settings, self.folder, self.words = settings, folder, []
        # What is compiled is shared by the sittings, or they would take their time.
        trainers = {}

        def trainer(model, training):
            key = model.stack.variant, model.vocabulary
            if key not in trainers:
                trainers[key] = Trainer(model, training)
            return trainers[key]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("study.lstm_variants.Trainer", trainer)
            self.first = self.sit(lambda: len(self.words) > 3)
            self.games_then = (folder / GAMES).exists()
            self.second = self.sit(lambda: self.words[-1] == "games, nfg, seed 1")
            self.last = self.sit(lambda: False)

    def sit(self, stop):
        done = []

        def progress(so_far, total, words):
            assert 0 <= so_far <= total == 8 * 2000
            done.append(so_far)
            self.words.append(words)

        found = run(self.settings, self.folder, progress, stop)
        assert done == sorted(done)
        return json.loads(json.dumps(found))


@pytest.fixture(scope="module")
def sittings(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "new"
    return Sittings(Settings(**small), folder)


def test_a_study_goes_on_behind_the_last_finished_run(sittings):
    first, second, last = sittings.first, sittings.second, sittings.last
    assert first["stopped"] and len(first["runs"]) == 1 and not sittings.games_then
    assert second["stopped"] and len(second["runs"]) == 5 and (sittings.folder / GAMES).exists()
    assert second["runs"][0] == first["runs"][0] and last["runs"][:5] == second["runs"]
    assert not last["stopped"]
    assert [Run(row["corpus"], row["variant"], row["seed"]) for row in last["runs"]] == runs(
        sittings.settings)
    assert json.loads((sittings.folder / RESULT).read_text()) == last
    assert run(sittings.settings, sittings.folder) == last, "nothing is done twice"


def test_a_run_tells_its_curves_its_size_and_what_it_is_judged_by(sittings, small):
    for row in sittings.last["runs"]:
        vocabulary = sittings.last["corpora"][row["corpus"]]["vocabulary"]
        cell = sum(np.prod(shape) for shape in stack_shapes(6, 6, 1, row["variant"]).values())
        assert row["parameters"] == cell + vocabulary * 6 + (6 + 1) * vocabulary
        assert [tokens for tokens, _ in row["valid"]] == [1000, 2000]
        assert row["train"][-1][0] == 2000
        assert row["perplexity"] == pytest.approx(2 ** row["bits"])
        assert row["seconds"] >= 0
    text = sittings.last["corpora"]["text"]
    assert text["tokens"] == len(TEXT) and text["unigram"] < text["uniform"]
    assert sittings.last["corpora"]["games"]["uniform"] == pytest.approx(np.log2(162))
    seeds = {row["bits"] for row in sittings.last["runs"] if row["corpus"] == "text"
             and row["variant"] == "vanilla"}
    assert len(seeds) == 2
    learned = next(row for row in sittings.last["runs"] if row["variant"] == "vanilla")
    assert learned["bits"] < text["uniform"] - 0.3


def test_the_games_of_the_study_can_be_read(sittings):
    corpus = game_corpus.read(sittings.folder / GAMES)
    assert corpus.name == "4 games of random with itself, seed 1"
    assert len(corpus.tokens) == sittings.last["corpora"]["games"]["tokens"]


def test_another_study_in_the_folder_is_refused(sittings, small):
    with pytest.raises(AgentError, match="holds a study with width 6, not 7") as refusal:
        run(Settings(**{**small, "width": 7}), sittings.folder)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("given", [{"text": "nowhere.txt"}, {"agent": "nobody"}])
def test_what_is_missing_leaves_no_folder_behind(given, small, tmp_path):
    with pytest.raises(AgentError):
        run(Settings(**{**small, **given}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_result_is_refused(text, small, tmp_path):
    (tmp_path / RESULT).write_text(text)
    with pytest.raises(AgentError, match="cannot be read") as refusal:
        run(Settings(**small), tmp_path)
    assert "\n" not in str(refusal.value)


# The table and the pictures


def made_up(**given):
    """Return a result with numbers made up from a run's variant and seed; nog has no number."""
    settings = Settings(**given)
    rows = []
    for one in runs(settings):
        n = list(VARIANTS).index(one.variant)
        bits = None if one.variant == "nog" else 2 + n / 4 + one.seed / 10
        lost = {"nog": 40_000 * one.seed, "nfg": 80_000 if one.seed == 1 else None}
        rows.append({**one._asdict(), "parameters": 1000 + n, "bits": bits,
                     "perplexity": None if bits is None else 2**bits,
                     "diverged": lost.get(one.variant), "train": [[100_000, 3.0]],
                     "valid": [[100_000, 3.0], [200_000, bits]], "seconds": 10.0 * one.seed})
    about = {"name": "something", "vocabulary": 64, "tokens": 1000, "train": 900, "valid": 50,
             "test": 50, "uniform": 6.0, "unigram": 4.5}
    return {"settings": settings.as_json(), "stopped": False, "runs": rows,
            "corpora": dict.fromkeys(settings.corpora, about)}


def test_a_row_is_the_mean_and_the_deviation_of_its_seeds_beside_vanilla():
    rows = {(row.corpus, row.variant): row for row in summary(made_up())}
    assert len(rows) == 18
    row = rows["games", "nfg"]
    assert row.bits == (pytest.approx(2.7), pytest.approx(0.1))
    assert row.more == (pytest.approx(0.5), pytest.approx(0, abs=1e-9))
    powers = [2**2.6, 2**2.7, 2**2.8]
    assert row.perplexity == (pytest.approx(np.mean(powers)), pytest.approx(np.std(powers, ddof=1)))
    assert row.diverged == (80_000,) and row.seeds == 3 and row.seconds == 20
    lost = rows["text", "nog"]
    assert lost.bits is lost.perplexity is lost.more is None and lost.infinite == 3
    (one, *_) = summary(made_up(seeds=1))
    assert one.bits == (pytest.approx(2.1), None)


def test_the_table_has_nine_rows_a_corpus_and_says_what_is_missing():
    result = made_up()
    text = as_text(result)
    assert "Not finished" not in text
    for name in VARIANTS:
        assert sum(line.startswith(f"  {name} ") for line in text.splitlines()) == 2
    assert "2.700 ± 0.100 +0.500 ± 0.000 1 of 3, after 0.08 M" in " ".join(text.split())
    assert "infinite" in text and "3 of 3, after 0.04 M, 0.08 M, 0.12 M" in text
    result["runs"] = result["runs"][:5]
    text = as_text(result)
    assert "Not finished: 5 of 54 runs are done" in text
    assert "±" not in text.partition("variant ")[2].partition("±: one")[0]


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_picture_shows_each_variants_curve_and_its_test_bits(seeds):
    result = made_up(seeds=seeds)
    figures = pictures(result)
    assert list(figures) == ["text", "games"]
    figure = figures["text"]
    figure.canvas.draw()
    left, right = figure.axes
    curves = {line.get_label(): line for line in left.lines if line.get_label() in VARIANTS}
    assert list(curves) == list(VARIANTS)
    middle = (1 + seeds) / 2
    np.testing.assert_allclose(curves["np"].get_ydata(), [3.0, 2 + 6 / 4 + middle / 10])
    crosses = [line for line in left.lines if line.get_marker() == "x"]
    assert sorted(line.get_xdata()[0] for line in crosses) == pytest.approx(
        sorted([0.08, *(0.04 * seed for seed in range(1, seeds + 1))]))
    assert [label.get_text() for label in right.get_yticklabels()] == [
        *(name for name in VARIANTS if name != "nog"), "nog"]
    assert len(right.containers) == 8


def test_a_study_without_a_finished_run_can_be_shown():
    result = {**made_up(), "runs": [], "corpora": {}}
    assert pictures(result) == {} and "0 of 54 runs" in as_text(result)


# The command


def test_the_command_keeps_prints_and_draws_what_was_found(sittings, small):
    words = [f"--{name.replace('_', '-')}={','.join(value) if isinstance(value, list) else value}"
             for name, value in small.items() if name in (
                 "variants", "corpora", "seeds", "text", "games", "agent", "width", "epochs",
                 "tokens", "decay_after")]
    asked = []

    def finished(settings, folder, progress, stop):
        asked.append(settings)
        return sittings.last

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("study.lstm_variants.run", finished)
        done = CliRunner().invoke(lstm_variants, [*words, "--out", str(sittings.folder)])
    assert done.exit_code == 0, done.output
    want = {name: value for name, value in small.items()
            if name not in ("layers", "batch", "steps", "valid_tokens", "test_tokens")}
    assert {name: asked[0].as_json()[name] for name in want} == want
    assert done.stdout == as_text(sittings.last) + "\n"
    for name in ("text", "games"):
        with Image.open(sittings.folder / f"{name}.png") as picture:
            assert picture.format == "PNG"


def test_a_study_that_is_stopped_says_so_in_its_exit_code(monkeypatch, tmp_path):
    stopped = {**made_up(), "runs": [], "corpora": {}, "stopped": True}
    monkeypatch.setattr("study.lstm_variants.run", lambda *args, **kwargs: stopped)
    done = CliRunner().invoke(lstm_variants, ["--json", "--quick", "--out", str(tmp_path / "x")])
    assert done.exit_code == 130 and json.loads(done.stdout)["stopped"] is True
