"""Pictures of what gates learned (matplotlib, without a display)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by their marks.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P")
_MOST_MARKS = 60


def picture(found: dict[str, Any]) -> Figure:
    """Return the picture of what ``study.gates.measure`` found, over the layers.

    Above, the mean activity of the transform gates, of all positions and by class. Below, of each
    layer its units in the order of their mean, as a heat map; of a conv net also the points.
    """
    by_point = found["by_point"]
    rows = 2 if by_point is None else 3
    figure = Figure(figsize=(9, 3.1 * rows + 0.9), dpi=110, layout="constrained")
    grid = figure.subplots(rows, 2, squeeze=False, width_ratios=[1, 0.025])
    panels, bars = grid[:, 0], grid[:, 1]
    _means(panels[0], found)
    bars[0].set_axis_off()
    _map(panels[1], bars[1], np.sort(np.array(found["by_unit"]), axis=1).T, (0, 100))
    panels[1].set_ylabel("units, from the most shut\nto the most open, %")
    if by_point is not None:
        _map(panels[2], bars[2], np.array(by_point).T, (0.5, 24.5))
        panels[2].set_ylabel("point of the player on roll\n(mean of the channels)")
        panels[2].set_yticks([1, 6, 12, 18, 24])
    for panel in panels:
        panel.set_xlim(0.5, found["layers"] + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panels[-1].set_xlabel("layer of the stack; 1 is next to the inputs")
    figure.suptitle(f"{found['agent']}: {found['layers']} layers of {found['units']} gates on "
                    f"{found['positions']:,} positions\n({found['source']})", fontsize=11)
    return figure


def _means(panel: Axes, found: dict[str, Any]) -> None:
    layers = np.arange(1, found["layers"] + 1)
    marked = len(layers) <= _MOST_MARKS
    panel.fill_between(layers, found["p10"], found["p90"], color="0.85", linewidth=0,
                       label="10 % to 90 % of positions")
    panel.axhline(found["at_first"], color="0.35", linestyle="--", linewidth=1,
                  label="the carry bias alone")
    for i, (name, of_class) in enumerate(found["by_class"].items()):
        panel.plot(layers, of_class["mean"], color=COLOURS[i % len(COLOURS)], linewidth=1.2,
                   marker=MARKS[i % len(MARKS)] if marked else "", markersize=4,
                   label=f"{name} ({of_class['positions']:,})")
    panel.plot(layers, found["mean"], color="black", linewidth=2, label="all positions")
    panel.set_ylim(bottom=0)
    panel.set_ylabel("mean activity of the\ntransform gates (0 to 1)")
    panel.grid(alpha=0.3)
    panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, fontsize=8, frameon=False)


def _map(panel: Axes, bar: Axes, values: np.ndarray, rows: tuple[float, float]) -> None:
    """Draw values [rows, layers], the first row below, with colours from 0 to the largest."""
    image = panel.imshow(values, aspect="auto", origin="lower", cmap="cividis", vmin=0,
                         extent=(0.5, values.shape[1] + 0.5, *rows), interpolation="nearest")
    panel.figure.colorbar(image, cax=bar, label="mean activity (0 to 1)")
