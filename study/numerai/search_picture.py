"""What a search for a pipeline tried, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study.numerai.search import COMPLETE, PRUNED

Row = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008).
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKS = ("o", "s", "^", "D", "v", "P")
# Panels of settings in a row, and of one model at most.
_ACROSS, _SETTINGS = 4, 3
# A setting whose values reach over so many times is drawn by its logarithm.
_LOGARITHMIC = 20


def picture(
    trials: Sequence[Row], importance: Mapping[str, Mapping[str, float]] | None = None
) -> Figure:
    """Return a picture of a search.

    Above: the loss of each trial in their order, one standard error by game up and down, with the
    best so far of each model. Below: the losses of each model over its settings, the three most
    important ones first; each model on its own scale, hopeless losses left out.

    Args:
        trials: as ``study.numerai.search.Found`` has them.
        importance: likewise; without it settings stand in the order of their names.
    """
    models = list(dict.fromkeys(row["model"] for row in trials))
    styles = {name: {"color": _COLORS[i % len(_COLORS)], "marker": _MARKS[i % len(_MARKS)]}
              for i, name in enumerate(models)}
    done = [row for row in trials if row["state"] == COMPLETE]
    panels = [(name, setting) for name in models
              for setting in _settings(name, done, importance or {})]
    lines = -(-len(panels) // _ACROSS)
    figure = Figure(figsize=(13, 5 + 2.9 * lines), dpi=110, layout="constrained")
    heights = [5.0] if not lines else [5.0, 2.9 * lines]
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    limits = _limits([row["loss"] for row in done])
    _in_order(parts[0].subplots(), trials, styles, limits)
    if panels:
        below = parts[1].subplots(lines, _ACROSS, squeeze=False).ravel()
        for panel, (name, setting) in zip(below, panels, strict=False):
            mine = [row for row in done if row["model"] == name]
            _over(panel, mine, setting, styles[name])
        for panel in below[len(panels):]:
            panel.set_visible(False)
    return figure


def _settings(
    name: str, done: Sequence[Row], importance: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Return the settings of a model that took several values, the most important ones first."""
    mine = [row for row in done if row["model"] == name]
    values: dict[str, set[Any]] = {}
    for row in mine:
        for setting, value in _told(row).items():
            values.setdefault(setting, set()).add(value)
    shares = importance.get(name, {})
    names = [setting for setting, found in values.items() if len(found) > 1]
    return sorted(names, key=lambda one: -shares.get(one, 0.0))[:_SETTINGS]


def _told(row: Row) -> dict[str, Any]:
    return {**row["settings"], "inputs": row["inputs"]}


def _limits(losses: Sequence[float]) -> tuple[float, float] | None:
    """Return from where to where losses are drawn: hopeless ones go over the edge."""
    finite = np.array([loss for loss in losses if np.isfinite(loss)])
    if len(finite) < 2:
        return None
    low, middle, high = np.quantile(finite, [0.0, 0.5, 1.0])
    high = min(high, max(middle + 2 * (middle - low), low + 1e-3))
    spare = 0.06 * max(high - low, 1e-3)
    return float(low - spare), float(high + spare)


def _in_order(
    panel: Axes, trials: Sequence[Row], styles: Mapping[str, Mapping[str, Any]],
    limits: tuple[float, float] | None,
) -> None:
    for name, style in styles.items():
        mine = [row for row in trials if row["model"] == name and row["state"] == COMPLETE]
        if not mine:
            continue
        number, loss = [row["number"] for row in mine], [row["loss"] for row in mine]
        panel.errorbar(number, loss, [row["se"] for row in mine], fmt=style["marker"],
                       color=style["color"], capsize=2, elinewidth=0.8, markersize=5,
                       label=f"{name}: best {min(loss):.4f} of {len(mine)}")
        best = np.minimum.accumulate(loss)
        panel.step([*number, trials[-1]["number"]], [*best, best[-1]], where="post",
                   color=style["color"], linewidth=1.2, alpha=0.7)
        over = [row["number"] for row in mine if limits and row["loss"] > limits[1]]
        if limits and over:
            panel.plot(over, [limits[1]] * len(over), color=style["color"], marker=6,
                       linestyle="none", clip_on=False)
    pruned = [row["number"] for row in trials if row["state"] == PRUNED]
    if pruned:
        panel.plot(pruned, [0.015] * len(pruned), "x", color="0.45", markersize=5,
                   transform=panel.get_xaxis_transform(), label=f"{len(pruned)} given up early")
    if limits:
        panel.set_ylim(*limits)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("trial")
    panel.set_ylabel("log loss of the validation part, nats")
    panel.set_title("A search for a pipeline; lines: the best so far of each model, "
                    "arrowheads: losses above the panel", fontsize=11)
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _over(
    panel: Axes, rows: Sequence[Row], setting: str, style: Mapping[str, Any]
) -> None:
    """Draw a model's losses over one setting; a word or nothing has places in a row."""
    limits = _limits([row["loss"] for row in rows])
    values = [_told(row)[setting] for row in rows if setting in _told(row)]
    losses = [row["loss"] for row in rows if setting in _told(row)]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if min(values) > 0 and max(values) / min(values) >= _LOGARITHMIC:
            panel.set_xscale("log")
        else:
            panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.plot(values, losses, linestyle="none", alpha=0.8, **style)
    else:
        names = list(dict.fromkeys(map(str, values)))
        panel.plot([names.index(str(value)) for value in values], losses, linestyle="none",
                   alpha=0.8, **style)
        panel.set_xticks(range(len(names)), names, fontsize=8, rotation=15, ha="right",
                         rotation_mode="anchor")
        panel.set_xlim(-0.5, len(names) - 0.5)
    if limits:
        panel.set_ylim(*limits)
    panel.set_title(f"{rows[0]['model']}: {setting}", fontsize=9)
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.3)
