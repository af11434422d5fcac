"""Views: what their columns are, their scales, and rotations that hide them."""

from __future__ import annotations

import numpy as np
import pytest

from agent.errors import ConfigError
from engine.board import start
from engine.dice import roll_batch
from engine.plays import afterstates_of
from study.numerai import views


def boards(count=80):
    rng, found = np.random.default_rng(1), [start()]
    for first, second in roll_batch(rng, count):
        after = afterstates_of(found[-1], int(first), int(second))
        found.append(after[rng.integers(len(after))])
        if not found[-1].any(-1).all():
            found[-1] = start()
    return np.array(found)


def plain(name, some):
    """Return the columns before they are scaled, from the view itself."""
    view = views.fit(name, some)
    seen, scale = view.of(some), np.ptp(view.of(some), axis=0)
    assert ((scale == 0) | np.isclose(scale, 1, atol=1e-5)).all()
    return seen


def test_counts_are_checkers():
    some = boards()
    seen = plain("counts", some)
    counts = np.concatenate([np.append(some[:, side], 15 - some[:, side].sum(-1, keepdims=True), 1)
                             for side in range(2)], axis=1).astype(float)
    low, high = counts.min(0), counts.max(0)
    np.testing.assert_allclose(seen, (counts - low) / np.where(high > low, high - low, 1),
                               atol=1e-5)


def test_points_are_blots_made_points_and_pips():
    some, names = boards(), views.column_names("points")
    seen = plain("points", some)
    for side, who in enumerate(("own", "their")):
        for point in (1, 6, 24):
            blot = (some[:, side, point - 1] == 1).astype(float)
            made = (some[:, side, point - 1] >= 2).astype(float)
            for kind, expected in (("blot", blot), ("made", made)):
                if np.ptp(expected):
                    np.testing.assert_allclose(seen[:, names.index(f"{who} {kind} {point}")],
                                               expected, atol=1e-5)
        pips = some[:, side] @ np.arange(1, 26)
        np.testing.assert_allclose(seen[:, names.index(f"{who} pips")],
                                   (pips - pips.min()) / np.ptp(pips), atol=1e-4)


@pytest.mark.parametrize("name", views.NAMES)
def test_every_column_has_a_name(name):
    assert len(views.column_names(name)) == len(set(views.column_names(name))) \
        == len(views.fit(name, boards()).bias)


@pytest.mark.parametrize("name", views.NAMES)
def test_a_rotation_keeps_distances_and_hides_columns(name):
    some = boards()
    seen, hidden = views.fit(name, some).of(some), views.fit(name, some, rotate=5).of(some)
    np.testing.assert_allclose(np.linalg.norm(hidden[1:] - hidden[0], axis=1),
                               np.linalg.norm(seen[1:] - seen[0], axis=1), rtol=1e-4)
    centred = [z - z.mean(0) for z in (seen, hidden)]
    alike = abs(centred[0].T @ centred[1]) / np.maximum(1e-9, np.outer(
        *(np.linalg.norm(z, axis=0) for z in centred)))
    assert np.median(alike.max(0)) < 0.9
    again = views.fit(name, some, rotate=5)
    np.testing.assert_array_equal(hidden, again.of(some))


def test_there_is_no_other_view():
    with pytest.raises(ConfigError, match="counts, points, units"):
        views.fit("pixels", boards())
