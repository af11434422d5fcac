"""Pictures of the study of contextual nets (matplotlib, without a display), from its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study import curves, styles_picture, told_picture
from study.retrieval import guessed

Result = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their dashes.
_STYLES: dict[str, dict[str, Any]] = {
    "zero": {"color": "#D55E00", "linestyle": "--"},
    "free": {"color": "#E69F00", "linestyle": "-."},
    "learned": {"color": "#0072B2", "linestyle": "-"},
    "distribution": {"color": "#009E73", "linestyle": "-"},
}


def pictures(result: Result) -> dict[str, Figure]:
    """Return a figure for each part of the study of which anything is found, by its name.

    Args:
        result: what ``study.contextual_rnn.run`` found.
    """
    return {name: draw(result) for name, draw in DRAWN.items() if result["parts"].get(name)}


def _retrieval(result: Result) -> Figure:
    rows = result["parts"]["retrieval"]
    numbers = list(dict.fromkeys(row["k"] for row in rows))
    figure = Figure(figsize=(5.5 * len(numbers) + 1, 4.6), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(numbers), squeeze=False)[0]
    for panel, k in zip(panels, numbers, strict=True):
        for initial, style in _STYLES.items():
            mine = [row for row in rows if row["k"] == k and row["initial"] == initial]
            for i, row in enumerate(mine):
                epochs = range(1, len(row["curve"]) + 1)
                panel.plot(epochs, row["curve"], linewidth=1.5, **style,
                           label=initial if i == 0 else None)
                if row["solved"]:
                    panel.plot(row["solved"], row["curve"][-1], "o", color=style["color"])
        panel.axhline(guessed(k), color="0.5", linewidth=1, linestyle=":",
                      label="one of the digits, guessed")
        panel.set_title(f"{k // 2} pair{'s' * (k > 2)} (k = {k})", fontsize=10)
        panel.set_xlabel("epochs")
        panel.set_ylim(0, 1.03)
        panel.yaxis.set_major_formatter(PercentFormatter(1))
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("test questions answered rightly")
    panels[-1].legend(loc="lower right")
    figure.suptitle("Associative retrieval by initial state, a line a seed; "
                    "a dot where it is solved", fontsize=11)
    return figure


def _curves(result: Result) -> Figure:
    """Draw what the first net of each kind drew, beside what it was asked for."""
    rows = result["parts"]["curves"]
    first = {row["initial"]: row for row in reversed(rows)}
    kinds = [kind for kind in _STYLES if kind in first]
    columns = len(curves.TEST)
    figure = Figure(figsize=(3.1 * (columns + 1), 2.3 * len(kinds) + 1), dpi=110,
                    layout="constrained")
    panels = figure.subplots(len(kinds), columns + 1, squeeze=False)
    for line, kind in zip(panels, kinds, strict=True):
        row = first[kind]
        for i, periods in enumerate(curves.TEST):
            _one_curve(line[i], row, i, periods, kind)
            line[i].sharey(line[0])
        _asked_and_found(line[-1], [r for r in rows if r["initial"] == kind], kind)
        line[0].set_ylabel(kind)
    for panel in panels[-1][:-1]:
        panel.set_xlabel("t")
    panels[-1][-1].set_xlabel("periods asked for")
    figure.suptitle("Curves drawn from the initial state alone, periods that were not learned "
                    "from; grey: what was asked for", fontsize=11)
    return figure


def _one_curve(panel: Axes, row: Result, i: int, periods: float, kind: str) -> None:
    drawn = row["test"]["curves"][i]
    t = np.linspace(0, 1, len(drawn))
    panel.plot(t, curves.curve(np.float32(periods), len(t)), color="0.6", linewidth=4, alpha=0.6)
    for some in row.get("drawn", [[]] * 99)[len(curves.TRAIN) + i]:
        panel.plot(t, some, color=_STYLES[kind]["color"], linewidth=0.6, alpha=0.6)
    panel.plot(t, drawn, linewidth=1.6, **_STYLES[kind])
    panel.set_title(f"{periods:g} period{'s' * (periods != 1)}", fontsize=9)
    panel.set_ylim(-0.3, 1.2)
    panel.grid(alpha=0.3)


def _asked_and_found(panel: Axes, rows: list[Result], kind: str) -> None:
    panel.plot([0, 5], [0, 5], color="0.6", linewidth=1)
    for name, mark in (("train", "x"), ("test", "o")):
        panel.plot([p for row in rows for p in row[name]["asked"]],
                   [p for row in rows for p in row[name]["found"]], mark, markersize=5,
                   color=_STYLES[kind]["color"], fillstyle="none", label=name)
    panel.set_title("periods drawn, all seeds", fontsize=9)
    panel.set_ylim(-0.3, 6.3)
    panel.legend(loc="upper left", fontsize=8)
    panel.grid(alpha=0.3)


# A picture for each part of ``study.contextual_rnn.PARTS``.
DRAWN: dict[str, Callable[[Result], Figure]] = {
    "retrieval": _retrieval, "curves": _curves,
    "told": lambda result: told_picture.picture(result["parts"]["told"]),
    "styles": lambda result: styles_picture.picture(
        result["settings"]["styles"]["agents"], result["parts"]["styles"]),
}
