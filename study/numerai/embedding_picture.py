"""A picture of what maps to embeddings are worth (matplotlib, without a display)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

Reports = Mapping[str, Mapping[str, Any]]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008).
_SEEN, _UNSEEN, _OTHER = "#56B4E9", "#0072B2", "#E69F00"


def picture(reports: Reports) -> Figure:
    """Return the picture of maps by the reports of ``study.numerai.embedding``, by name.

    Of t-SNE: how well the net knows each coordinate, on rows that it learned from and on others.
    Of autoencoders: how much of a view they give back, beside as many principal components.
    """
    placed = [(name, report) for name, report in reports.items() if "r2" in report]
    coded = [(name, report) for name, report in reports.items() if "explained" in report]
    figure = Figure(figsize=(6.5 * (len(placed) + bool(coded)), 5), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(placed) + bool(coded), squeeze=False)[0]
    for panel, (name, report) in zip(panels, placed, strict=False):
        _coordinates(panel, report)
        panel.set_title(f"{name}: {report['rows']:,} rows learned from, {report['judged']:,} of "
                        "other games, where\nopenTSNE's own transform puts them", fontsize=10)
    if coded:
        _codes(panels[-1], coded)
    figure.suptitle("What maps know of positions of games that they have not seen", fontsize=12)
    return figure


def _coordinates(panel: Axes, report: Mapping[str, Any]) -> None:
    at = np.arange(len(report["r2"]))
    panel.barh(at - 0.2, list(report["r2"].values()), 0.38, color=_UNSEEN, label="other games")
    panel.barh(at + 0.2, list(report["r2_learned"].values()), 0.38, color=_SEEN,
               label="learned from")
    panel.set_yticks(at, list(report["r2"]), fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(min(0, *report["r2"].values()), 1)
    panel.set_xlabel("R² of the coordinate")
    panel.grid(axis="x", alpha=0.3)
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, fontsize=8)


def _codes(panel: Axes, coded: list[tuple[str, Mapping[str, Any]]]) -> None:
    """Draw how much each autoencoder gives back, of all columns and of those hidden."""
    lines = []
    for name, report in coded:
        lines.append((f"{name}:\nall columns", report["explained"], report["pca"]))
        if "restored" in report:
            lines.append((f"{name}:\nthe {100 * report['noise']:.0f} % hidden",
                          report["restored"], report["pca_restored"]))
    at = np.arange(len(lines))
    panel.barh(at - 0.2, [line[1] for line in lines], 0.38, color=_UNSEEN, label="autoencoder")
    panel.barh(at + 0.2, [line[2] for line in lines], 0.38, color=_OTHER,
               label="as many principal components")
    panel.set_yticks(at, [line[0] for line in lines], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(PercentFormatter(1))
    panel.set_xlabel("variance of the view given back")
    panel.set_title("codes", fontsize=10)
    panel.grid(axis="x", alpha=0.3)
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, fontsize=8)
