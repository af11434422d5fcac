"""The search for a pipeline: finds the best there is, again and again the same."""

from __future__ import annotations

import json

import numpy as np
import optuna
import pytest
from matplotlib.figure import Figure

from agent.errors import ConfigError
from study.numerai import search, spaces
from study.numerai.scores import log_losses, mean_se
from study.numerai.search import COMPLETE, PRUNED, Space
from study.numerai.search_picture import picture


class Said:
    """A model that says the same of all rows: the commoner class as likely as it is told."""

    def __init__(self, share):
        rest = (1 - share) / 5
        self.row = np.log([rest] * 3 + [share] + [rest] * 2).astype(np.float32)

    def log_probs(self, z):
        return np.tile(self.row, (len(z), 1))


def guess(fits=None, worse=0.0):
    """Return a space whose only setting is best at 0.7, less ``worse``."""
    def fitted(settings, rows, seed, tell):
        if fits is not None:
            fits.append((len(rows.y), seed, {*rows.game.tolist()}))
        tell(0.5)
        return Said(settings["share"] - worse)

    return Space(lambda trial: {"share": trial.suggest_float("share", 0.5, 0.9)}, fitted)


def drawn(games=40, seed=1):
    rng = np.random.default_rng(seed)
    return rng.random((3 * games, 2), np.float32), (
        np.where(rng.random(3 * games) < 0.7, 3, 2), np.repeat(np.arange(games), 3))


Z, TRAIN = drawn()
VALID_Z, VALID = drawn(60, seed=2)
INPUTS = {"plain": (Z, VALID_Z), "more": (np.tile(Z, (1, 2)), np.tile(VALID_Z, (1, 2)))}


def found(spaces, trials=24, **more):
    return search.search(spaces, INPUTS, TRAIN, VALID, trials=trials, **more)


def without_seconds(trials):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in trials]


@pytest.fixture(scope="module")
def result():
    return found({"good": guess(), "bad": guess(worse=0.4),
                  "logistic": spaces.logistic_space(1, ("plain",))})


def test_the_best_of_each_model_is_told_the_best_of_all_first(result):
    assert [row["number"] for row in result.trials] == [*range(24)]
    assert all(row["state"] == COMPLETE and row["seconds"] >= 0 for row in result.trials)
    for best in result.best:
        mine = [row["loss"] for row in result.trials if row["model"] == best["model"]]
        assert best["loss"] == min(mine)
    losses = [row["loss"] for row in result.best]
    assert losses == sorted(losses) and len(losses) == 3
    assert result.best[-1]["model"] == "bad"


def test_losses_are_those_of_the_validation_part_with_errors_by_game(result):
    row = next(row for row in result.trials if row["model"] == "good")
    said = Said(row["settings"]["share"]).log_probs(VALID_Z)
    assert (row["loss"], row["se"]) == mean_se(log_losses(said, VALID[0]), VALID[1])


def test_models_are_tried_in_turn_first_and_see_what_they_may(result):
    assert [row["model"] for row in result.trials[:9]] == ["good", "bad", "logistic"] * 3
    assert {row["inputs"] for row in result.trials if row["model"] == "logistic"} == {"plain"}
    assert {row["inputs"] for row in result.trials if row["model"] != "logistic"} == {*INPUTS}


def test_it_is_drawn_to_what_is_better(result):
    later = [row["model"] for row in result.trials[9:]]
    assert later.count("bad") < later.count("good") + later.count("logistic")


def test_same_seed_same_trials(result):
    tried = {"good": guess(), "bad": guess(worse=0.4),
             "logistic": spaces.logistic_space(1, ("plain",))}
    for seed, same in ((1, True), (2, False)):
        again = found(tried, seed=seed)
        assert (without_seconds(again.trials) == without_seconds(result.trials)) == same
        assert not same or again.importance == result.importance


def test_what_was_found_is_plain_values(result):
    assert json.loads(json.dumps(result._asdict())) == result._asdict()


def test_settings_that_matter_are_told():
    def fitted(settings, rows, seed, tell):
        return Said(settings["share"])

    def suggest(trial):
        return {"share": trial.suggest_float("share", 0.2, 0.9),
                "idle": trial.suggest_float("idle", 1e-3, 1.0, log=True)}

    shares = found({"one": Space(suggest, fitted)}, trials=30).importance["one"]
    assert set(shares) == {"share", "idle", "inputs"} and shares["share"] > 0.6
    assert sum(shares.values()) == pytest.approx(1)


def test_hopeless_trials_are_given_up_after_a_part_of_the_games():
    fits = []
    result = found({"one": guess(fits)}, trials=30, partial=0.25)
    given_up = [row for row in result.trials if row["state"] == PRUNED]
    assert 0 < len(given_up) < 20 and all(row["loss"] is None for row in given_up)
    before = [row["partial"] for row in result.trials[:given_up[0]["number"]]]
    assert given_up[0]["partial"] > np.median(before)
    sizes = [size for size, _, _ in fits]
    assert sizes.count(120) == 30 - len(given_up) and sizes.count(30) == 30
    # The same whole games every time.
    assert len({frozenset(games) for size, _, games in fits if size == 30}) == 1


def test_progress_goes_up_to_1_and_who_is_told_may_stop_it():
    told = []
    found({"one": guess()}, trials=5, tell=told.append)
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told) and len(told) == 11

    def stop(fraction):
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found({"one": guess()}, trials=5, tell=stop)


def test_optuna_is_as_talkative_as_before(capfd):
    spoken = optuna.logging.get_verbosity()
    found({"one": guess()}, trials=3)
    assert optuna.logging.get_verbosity() == spoken and not "".join(capfd.readouterr())


@pytest.mark.parametrize("space", [
    spaces.logistic_space(2), spaces.wide_space(300), spaces.gbt_space(), spaces.fm_space()])
def test_every_model_of_the_study_can_be_searched(space):
    result = found({"one": space}, trials=1)
    assert result.trials[0]["state"] == COMPLETE and np.isfinite(result.trials[0]["loss"])


def test_a_search_can_be_drawn(result):
    figure = picture(result.trials, result.importance)
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    panels = [panel for part in figure.subfigs for panel in part.axes if panel.get_visible()]
    titles = {panel.get_title() for panel in panels[1:]}
    assert {"good: share", "bad: share", "logistic: c"} <= titles
    assert titles <= {"good: share", "good: inputs", "bad: share", "bad: inputs", "logistic: c"}
    told = [text.get_text() for text in panels[0].get_legend().get_texts()]
    assert len(told) == 3 and told[0].startswith("good: best 1.")


def test_a_search_of_one_trial_can_be_drawn_too():
    for partial in (None, 0.5):
        picture(found({"one": guess()}, trials=1, partial=partial).trials).canvas.draw()


@pytest.mark.parametrize(("given", "said"), [
    ({"trials": 0}, "there must be one trial at least, not 0"),
    ({"partial": 1.0}, "the part of the games must be above 0 and below 1, not 1.0"),
    ({"spaces": {}}, "there must be a model at least, and something for it to see"),
    ({"spaces": {"logistic": spaces.logistic_space(1, ("units",))}},
     "logistic can see units, but there is only plain, more"),
])
def test_requests_that_make_no_sense_are_refused_in_one_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        found(**{"spaces": {"one": guess()}, **given})
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
