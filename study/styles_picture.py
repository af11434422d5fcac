"""What being told whose games they are changes in games read and made, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from study.styles import ANOTHER, NOTHING, TRUTH
from study.turns import STYLE

Row = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008).
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_NONE = "0.45"
_SAID = {"same": "turns as {} would play", "hits": "turns that hit", "blots": "blots left",
         "points": "points held", "back": "turns with a back checker"}
_SHARES = ("same", "hits", "back")


def picture(agents: Sequence[str], rows: Sequence[Row]) -> Figure:
    """Return a picture of the part ``styles``.

    Above, by turn: how many bits a token another name, or none, costs; and how many of the games
    made are legal so far. Below: the style of the games held out and of those made.

    Args:
        agents: whose games are learned.
        rows: what the runs of ``study.styles`` found.
    """
    figure = Figure(figsize=(14, 8), dpi=110, layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False)[:, 0]
    panels = parts[0].subplots(1, 2)
    colors = dict(zip(agents, _COLORS * len(agents), strict=False))
    _told(panels[0], rows, colors)
    _left(panels[1], rows, colors)
    for name, panel in zip(STYLE, parts[1].subplots(1, len(STYLE)), strict=True):
        _style(panel, name, rows, colors)
    figure.suptitle("Games in the style of a chosen agent, steered by the initial state; "
                    "below, lines across: true games, dots: games made, one a seed", fontsize=11)
    return figure


def _told(panel: Axes, rows: Sequence[Row], colors: Mapping[str, str]) -> None:
    """Draw by turn how much worse games are read than told the truth, a line a seed."""
    labelled = set[str]()
    for row in rows:
        for name, by_told in row["turns"].items():
            for told, line in ((ANOTHER, "-"), (NOTHING, ":")):
                if TRUTH not in by_told:
                    continue
                worse = np.subtract(by_told[told], by_told[TRUTH])
                label = f"{name}, told {told}"
                panel.plot(range(1, len(worse) + 1), worse, line, color=colors[name],
                           marker=".", label=None if label in labelled else label)
                labelled.add(label)
    panel.axhline(0, color="black", linewidth=1)
    panel.set_title("games held out, learned initial state", fontsize=10)
    panel.set_xlabel("turn")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_ylabel("bits a token more than told the truth")
    panel.grid(alpha=0.3)
    if labelled:
        panel.legend(fontsize=8)


def _left(panel: Axes, rows: Sequence[Row], colors: Mapping[str, str]) -> None:
    labelled = set[str]()
    for row in rows:
        for name, part in row["made"].items():
            label = _asked(name)
            panel.plot(range(1, len(part["left"]) + 1), part["left"], marker=".",
                       linestyle="--" if name == NOTHING else "-", color=colors.get(name, _NONE),
                       label=None if label in labelled else label)
            labelled.add(label)
    panel.set_title("games made, a line a seed", fontsize=10)
    panel.set_xlabel("turn")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_ylabel("games legal so far")
    panel.set_ylim(0, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)


def _style(panel: Axes, what: str, rows: Sequence[Row], colors: Mapping[str, str]) -> None:
    """Draw a figure of true games as a line across, of games made as a dot a seed."""
    asked = list(dict.fromkeys(name for row in rows for name in row["made"]))
    for name, color in colors.items():
        found = [row["true"][name][what]["mean"] for row in rows if row["true"][name]]
        if found:
            panel.axhline(float(np.mean(found)), color=color, linewidth=2, alpha=0.6)
    for i, name in enumerate(asked):
        styles = [row["made"][name]["style"] for row in rows if name in row["made"]]
        found = [style[what] for style in styles if style]
        at = i + 0.12 * (np.arange(len(found)) - (len(found) - 1) / 2)
        panel.errorbar(at, [one["mean"] for one in found], [one["se"] for one in found], fmt="o",
                       capsize=3, color=colors.get(name, _NONE))
    panel.set_xticks(range(len(asked)), [_asked(name) for name in asked], fontsize=8, rotation=20)
    panel.set_xlim(-0.6, len(asked) - 0.4)
    panel.set_title(_SAID[what].format(next(iter(colors))), fontsize=10)
    if what in _SHARES:
        panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.grid(alpha=0.3)


def _asked(name: str) -> str:
    return "zero state" if name == NOTHING else f"told {name}"
