"""The pictures of the study of the competition's pipeline (matplotlib, without a display)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from study.numerai import (
    adversarial_picture,
    analysis_picture,
    embedding_picture,
    search_picture,
)
from study.numerai.ladder import ENSEMBLE

Row = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their marks.
_TEST, _VALIDATION = "#0072B2", "#E69F00"
_LINES = {"linear, plain": ("#56B4E9", "o", "--"), "linear, L2": ("#0072B2", "o", "-"),
          "polynomial, plain": ("#E69F00", "s", "--"),
          "polynomial, L2": ("#D55E00", "s", "-")}


def pictures(result: Row) -> dict[str, Figure]:
    """Return pictures of the parts that are done, by name."""
    parts, found = result["parts"], dict[str, Figure]()
    if "adversarial" in parts:
        found["adversarial"] = adversarial_picture.picture(parts["adversarial"])
    if "analysis" in parts:
        found |= analysis_picture.pictures(parts["analysis"])
    if "embeddings" in parts:
        found["embeddings"] = embedding_picture.picture(parts["embeddings"])
    if "ladder" in parts:
        found["ladder"] = ladder(parts["ladder"])
    if "search" in parts:
        found["search"] = search_picture.picture(
            parts["search"]["trials"], parts["search"]["importance"])
    return found


def ladder(found: Row) -> Figure:
    """Return a picture of ``study.numerai.ladder.climb``'s result.

    Left the log losses of all models, best below, with two standard errors by game; in the middle
    the paired differences that claims are about, likewise; right the loss over the number of
    positions learned from.
    """
    figure = Figure(figsize=(17, 7), dpi=100, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(5, 6, 4))
    _models(left, found["models"])
    _claims(middle, found["comparisons"])
    _sizes(right, found["sizes"])
    return figure


def _models(panel: Axes, rows: list[Row]) -> None:
    rows = sorted(rows, key=lambda row: -row["test"][0])
    prior = next(row for row in rows if row["columns"] is None and row["name"] != ENSEMBLE)
    # What says less than nothing, and by far, would leave no room for the others.
    nothing = max(prior["validation"][0], prior["test"][0])
    most = nothing + 0.2 * (nothing - rows[-1]["test"][0])
    for part, color, mark, away in (("validation", _VALIDATION, "D", -0.12),
                                    ("test", _TEST, "o", 0.12)):
        mean, se = np.array([row[part] for row in rows]).T
        panel.errorbar(mean, np.arange(len(rows)) + away, xerr=2 * se, fmt=mark, color=color,
                       markersize=5, capsize=2, label=part)
    for y, row in enumerate(rows):
        if row["test"][0] > most:
            panel.text(0.98, y, f"{row['test'][0]:.2f} \N{RIGHTWARDS ARROW}", ha="right",
                       va="center", color=_TEST, fontsize=9,
                       transform=panel.get_yaxis_transform())
    least = min(row[part][0] - 2 * row[part][1] for row in rows for part in ("validation", "test"))
    panel.set_xlim(least - 0.03 * (most - least), most)
    panel.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=9)
    panel.invert_yaxis()
    panel.set_xlabel("log loss ± 2 standard errors by game")
    panel.set_title("models, fitted to the same rows", fontsize=10)
    panel.legend(loc="lower right", fontsize=9)
    panel.grid(alpha=0.3)


def _claims(panel: Axes, rows: list[Row]) -> None:
    names = [f"{row['claim']}\n{row['better']} – {row['worse']}" for row in rows]
    mean, se = np.array([row["test"] for row in rows]).T
    panel.axvline(0, color="0.3", linewidth=1)
    for y, (row, low, more) in enumerate(zip(rows, mean - 2 * se, mean + 2 * se, strict=True)):
        color = "#009E73" if low > 0 else "#D55E00" if more < 0 else "0.5"
        panel.plot([low, more], [y, y], color=color, linewidth=2)
        panel.plot(row["test"][0], y, "o", color=color)
        panel.plot(row["by_seed"], np.full(len(row["by_seed"]), y), "|", color="0.2", markersize=7)
    panel.set_yticks(range(len(rows)), names, fontsize=8)
    panel.invert_yaxis()
    panel.set_xscale("symlog", linthresh=0.01)
    ticks = [sign * value for value in (0.01, 0.1, 1, 10) for sign in (-1, 1)]
    low, high = panel.get_xlim()
    panel.set_xticks([0, *(t for t in ticks if low <= t <= high)])
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel("log loss less than the other's on the test part, ± 2 standard errors")
    panel.set_title("claims: green holds, vermilion refuted, grey open; ticks: seeds", fontsize=10)
    panel.grid(alpha=0.3)


def _sizes(panel: Axes, rows: list[Row]) -> None:
    for name, (color, mark, line) in _LINES.items():
        mine = sorted((row for row in rows if row["name"] == name), key=lambda row: row["rows"])
        mean, se = np.array([row["test"] for row in mine]).T
        panel.errorbar([row["rows"] for row in mine], mean, yerr=2 * se, color=color, marker=mark,
                       linestyle=line, capsize=2, label=name)
    panel.set_xscale("log")
    panel.set_xticks(sorted({row["rows"] for row in rows}))
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.xaxis.set_minor_locator(NullLocator())
    least = min(row["test"][0] for row in rows)
    # A model of many weights and few rows would leave no room for the others.
    panel.set_ylim(least - 0.05, min(max(row["test"][0] for row in rows), least + 0.4) + 0.05)
    panel.set_xlabel("positions learned from")
    panel.set_ylabel("log loss of the test part")
    panel.set_title("L2 and polynomials, with fewer positions", fontsize=10)
    panel.legend(fontsize=9)
    panel.grid(alpha=0.3)
