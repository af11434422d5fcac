"""The whole path: parts, what they leave, that it goes on, and that a seed says it all."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from agent import catalog
from agent.arena import play_contest
from agent.checkpoint import load
from agent.errors import AgentError, ConfigError
from agent.players.random_play import RandomAgent
from commands.study_numerai import numerai
from study.numerai import embedding, extra, maps, study
from study.numerai.maps import Map
from study.numerai.settings import PARTS, Settings
from study.numerai.study import RESULT, read, run
from study.numerai.study_picture import pictures
from ui.numerai_study import as_text

SMALL = {"train": ("pubeval", "random"), "test": ("pubeval@0.2",), "games": 30, "per_game": 6,
         "rows": 150, "trials": 1, "measure": 4}


def some_map(name, columns):
    def fit(z, game, **how):
        rng = np.random.default_rng(how["seed"])
        kernel = rng.normal(size=(z.shape[1], len(columns))).astype("f4")
        how["tell"](1.0)
        return Map(name, columns, {"out": {"kernel": kernel, "bias": kernel[0]}},
                   {"rows": 9, "judged": 3, "r2": dict.fromkeys(columns, 0.5),
                    "r2_learned": dict.fromkeys(columns, 0.6), "speed": {"us_map": 1.0}})

    return fit


@pytest.fixture(scope="module")
def cheap():
    """Embeddings that cost nothing: their own tests are elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        columns = tuple(name for setting in embedding.SIX for name in setting.columns)
        patch.setattr(embedding, "fit_tsne", some_map(study.MAPS[0], columns))

        def codes(z, game, *, noise, **how):
            return some_map(study.MAPS[1 + bool(noise)], ("a", "b"))(z, game, **how)

        patch.setattr(embedding, "fit_autoencoder", codes)
        yield


@pytest.fixture(scope="module")
def done(cheap, tmp_path_factory):
    """A whole study, and what was told of its progress."""
    folder, told = tmp_path_factory.mktemp("numerai") / "study", []
    found = run(Settings.quick(**SMALL), folder, lambda *said: told.append(said))
    return found, folder, told


def test_every_part_is_done_and_told(done):
    found, folder, told = done
    assert tuple(found["parts"]) == PARTS and not found["stopped"]
    assert read(folder / RESULT) == json.loads(json.dumps(found))
    steps = [step for step, _, _ in told]
    assert steps == sorted(steps) and {total for _, total, _ in told} == {7000}
    assert [words for _, _, words in told if words] and {w for *_, w in told} == {
        "positions", *PARTS}


def test_tables_and_pictures_show_every_part(done):
    found, folder, _ = done
    text = as_text(found)
    for words in ("pubeval@0.2", "Adversarial validation", "Phases of the game", "R2",
                  "ensemble over member", "The search: 1 trial,", "against pubeval"):
        assert words in text, words
    assert max(map(len, text.splitlines())) < 160
    assert set(pictures(found)) == {"adversarial", "distributions", "correlations", "pca", "tsne",
                                    "embeddings", "ladder", "search"}


def test_the_agents_play_and_say_what_the_study_measured(done):
    found, folder, _ = done
    assert set(found["parts"]["agents"]) == {"logistic", "gbt", "fm", "pairwise", "numerai"}
    for name in ("logistic", "numerai"):
        agent = catalog.get(str(folder / f"{name}.npz"))
        contest = play_contest(agent, RandomAgent(), 4, 1)
        assert contest.ppg == found["parts"]["agents"][name]["random"]["ppg"]
    members = load(folder / "numerai.npz").meta["settings"]["members"]
    assert [one["name"] for one in members] == ["logistic", "gbt", "fm", "pairwise"]


def test_a_study_that_is_done_is_not_done_again(done):
    found, folder, _ = done
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    again = run(Settings.quick(**SMALL), folder)
    assert again["parts"] == json.loads(json.dumps(found["parts"]))
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npz")}


def test_the_same_seed_makes_the_same_tables_stopped_or_not(done, cheap, tmp_path):
    found, _, _ = done
    parts = ("adversarial", "agents")
    settings = Settings.quick(**SMALL, parts=parts)
    asked = iter(range(10**6))
    stopped = run(settings, tmp_path / "s", stop=lambda: next(asked) > 40)
    assert stopped["stopped"] and "agents" not in stopped["parts"]
    again = run(settings, tmp_path / "s")
    assert not again["stopped"] and again["data"] == found["data"]
    whole = {**found, "parts": {name: found["parts"][name] for name in parts}}
    assert as_text(again) == as_text(json.loads(json.dumps(whole)))


def test_a_folder_of_another_study_is_left_alone(done):
    _, folder, _ = done
    before = (folder / RESULT).read_bytes()
    with pytest.raises(AgentError, match="holds a study with seed 1, not 2"):
        run(Settings.quick(**{**SMALL, "seed": 2}), folder)
    assert (folder / RESULT).read_bytes() == before


def test_damaged_maps_are_told_in_one_line(done, tmp_path):
    _, folder, _ = done
    (tmp_path / "maps.npz").write_bytes((folder / "maps.npz").read_bytes()[:200])
    with pytest.raises(AgentError, match="take it away"):
        maps.read(tmp_path / "maps.npz")


def test_a_missing_library_is_told_before_anything_is_begun(tmp_path, monkeypatch):
    def none(module):
        raise ImportError(module)

    monkeypatch.setattr(extra, "import_module", none)
    with pytest.raises(AgentError, match=r'pip install "tdgammon\[numerai\]"') as error:
        run(Settings.quick(), tmp_path / "s")
    assert "\n" not in str(error.value) and not (tmp_path / "s").exists()


@pytest.mark.parametrize("given, words", [
    ({"parts": ("cooking",)}, "parts must be some of adversarial"),
    ({"parts": ()}, "parts must be some of adversarial"),
    ({"trials": 0}, "one trial"), ({"measure": 1}, "2 games"), ({"rows": 10}, "100 rows"),
    ({"seeds": 0}, "one seed at least"), ({"train": ("random@3",)}, "0 to 1"),
])
def test_settings_that_make_no_sense_are_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        Settings(**given)


@pytest.mark.parametrize("given", [{"train": ("nobody",)}, {"games": 5}])
def test_what_cannot_be_played_leaves_no_folder(given, tmp_path):
    with pytest.raises(AgentError):
        run(Settings.quick(**given), tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_the_command_prints_keeps_and_draws(cheap, tmp_path):
    words = ["--quick", "--parts", "adversarial", "--train", "pubeval", "--test", "random",
             "--games", "20", "--out", str(tmp_path / "s")]
    said = CliRunner().invoke(numerai, words)
    assert said.exit_code == 0, said.output
    assert "AUC of train against test" in said.stdout
    with Image.open(tmp_path / "s" / "adversarial.png") as image:
        assert image.size[0] > 500
    as_json = json.loads(CliRunner().invoke(numerai, [*words, "--json"]).stdout)
    assert as_json == read(tmp_path / "s" / RESULT)
