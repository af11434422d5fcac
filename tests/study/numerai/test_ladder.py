"""The ladder: the same rows for all, whole games, paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from study.numerai import ladder
from study.numerai.ladder import Rung, Settings, Sights, climb, some_games
from study.numerai.scores import log_losses, mean_se


class Says:
    """A model that gives all classes the same probability, but for one that it likes."""

    def __init__(self, liked, more):
        self.liked, self.more, self.report = liked, more, {}

    def log_probs(self, z):
        found = np.ones((len(z), 6), np.float32)
        found[:, self.liked] += self.more
        return np.log(found / found.sum(-1, keepdims=True))


def sights(rows=600, seed=1):
    rng = np.random.default_rng(seed)
    names = ("counts", "units", "points", "one t-SNE", "six t-SNE", "autoencoder", "denoising")
    none = {name: np.zeros((0, 3), np.float32) for name in names}
    z = {name: rng.random((rows, 3), np.float32) for name in names}
    return Sights(z, rng.integers(0, 6, rows), np.arange(rows) // 3, none, none,
                  np.zeros(0, np.int64))


def test_rows_are_those_of_whole_games_and_fewer_are_the_first_of_more():
    game = np.repeat(np.arange(50), np.random.default_rng(1).integers(1, 8, 50))
    among = np.flatnonzero(game % 5 > 0)
    few, more = (some_games(game, among, rows, 3) for rows in (40, 120))
    assert set(few) < set(more) < set(among) and 30 < len(few) <= 40 and 110 < len(more) <= 120
    for part in (few, more):
        for one in np.unique(game[part]):
            assert (game[part] == one).sum() == (game[among] == one).sum()
    assert set(some_games(game, among, 10**6, 3)) == set(among)
    assert len(some_games(game, among, 0, 3)) > 0


def test_differences_are_paired_and_their_errors_are_by_game(monkeypatch):
    rows, fitted = sights(), []

    def rungs(small, members=False):
        def maker(name, more):
            def fit(z, y, game, siblings, seed, tell):
                fitted.append((name, seed, len(z)))
                tell(1.0)
                return Says(2, more)

            return Rung(("counts",), fit)

        names = {name for _, *pair in ladder.COMPARISONS for name in pair} - {ladder.ENSEMBLE}
        return {name: maker(name, 1.0 if name.startswith("gbt") else 0.5) for name in sorted(names)}

    monkeypatch.setattr(ladder, "rungs", rungs)
    monkeypatch.setattr(ladder, "COMPARISONS", (*ladder.COMPARISONS,
                                                ("more over less", "gbt, more", "fm")))
    train, parts = np.arange(400), {"validation": np.arange(400, 500), "test": np.arange(500, 600)}
    shares = []
    found = climb(rows, train, parts, Settings(rows=300, sizes=(120,), seeds=2), shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    by_name = {row["name"]: row for row in found["models"]}
    for name, more in (("gbt", 1.0), ("fm", 0.5)):
        losses = log_losses(Says(2, more).log_probs(np.zeros((100, 3))), rows.y[500:])
        assert by_name[name]["test"] == pytest.approx(mean_se(losses, rows.game[500:]), rel=1e-5)
        assert len(by_name[name]["by_seed"]) == 2
    one_se = next(row for row in found["comparisons"] if row["better"] == "gbt, more")
    plain = log_losses(Says(2, 1.0).log_probs(np.zeros((100, 3))), rows.y[500:])
    other = log_losses(Says(2, 0.5).log_probs(np.zeros((100, 3))), rows.y[500:])
    assert one_se["test"] == pytest.approx(mean_se(other - plain, rows.game[500:]), rel=1e-4)
    assert {count for name, _, count in fitted if name == "gbt"} == {300}
    assert {count for name, _, count in fitted if name == "polynomial, L2"} == {300, 120}
    assert {row["rows"] for row in found["sizes"]} == {300, 120}


def test_what_is_claimed_is_of_models_that_there_are():
    models = {*ladder.rungs(False), ladder.ENSEMBLE}
    assert {name for _, *pair in ladder.COMPARISONS for name in pair} <= models
    assert tuple(ladder.rungs(True, members=True)) == ladder.MEMBERS


@pytest.mark.parametrize("given", [{"rows": 99}, {"seeds": 0}, {"sizes": (50,)},
                                   {"rows": 500, "sizes": (500,)}])
def test_sizes_that_make_no_sense_are_refused(given):
    with pytest.raises(ConfigError, match="100 rows and one seed"):
        Settings(**{"sizes": (), **given})
