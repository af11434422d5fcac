"""What being told the opponent's name changes in the judgement of positions, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from study.told import ALONE


def picture(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a picture: by turn, how much worse positions are judged than with the true name.

    Args:
        rows: what the runs of ``study.told`` found, a panel each.
    """
    figure = Figure(figsize=(5.5 * len(rows), 4.2), layout="constrained")
    panels = figure.subplots(1, len(rows), squeeze=False)[0]
    for panel, row in zip(panels, rows, strict=True):
        groups = row["turns"]
        turns = [group["first"] for group in groups]
        for name in groups[0]["worse"]:
            means = [group["worse"][name]["mean"] for group in groups]
            errors = [group["worse"][name]["se"] for group in groups]
            label = name if name == ALONE else f"told {name}"
            panel.errorbar(turns, means, errors, marker="o", capsize=3, label=label)
        panel.axhline(0, color="black", linewidth=1)
        panel.set_title(f"against {row['opponent']}")
        panel.set_xlabel("turn of the agent")
        panel.set_ylabel("squared error more than when told the truth")
        panel.grid(alpha=0.3)
        panel.legend()
    return figure
