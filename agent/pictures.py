"""Pictures of results (matplotlib, without a display)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agent.checkpoint import write_atomically
from agent.errors import AgentError


def save_png(figure: Figure, path: Path) -> None:
    """Write a picture.

    Raises:
        AgentError: the file cannot be written.
    """
    try:
        write_atomically(path, lambda file: figure.savefig(file, format="png"))
    except OSError as error:
        raise AgentError(f"{path} cannot be written: {error.strerror}") from error


def training_picture(rows: list[dict[str, Any]]) -> Figure:
    """Return the picture of a run from the rows of its metrics.

    Four panels over the number of games: squared TD error of a game, plies a game, win rate and
    points a game against known opponents, the last two with 95 % intervals.
    """
    figure = Figure(figsize=(10, 7), dpi=110, layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    steps = [row for row in rows if "loss_per_game" in row]
    games = [row["games"] for row in steps]
    _line(panels[0][0], games, [r["loss_per_game"] for r in steps], "squared TD error a game")
    _line(panels[0][1], games, [r["plies_per_game"] for r in steps], "plies a game")
    for panel, key, title in (
        (panels[1][0], "win", "win rate"),
        (panels[1][1], "ppg", "points a game"),
    ):
        _contests(panel, [r for r in rows if "contest" in r], key)
        panel.set_title(title)
        panel.set_xlabel("self-play games")
    for panel in panels.flat:
        panel.grid(alpha=0.3)
        if games and games[-1] >= 20_000:
            panel.set_xscale("log")
    return figure


def _line(panel: Axes, x: list[float], y: list[float], title: str) -> None:
    panel.plot(x, y, color="tab:blue", linewidth=1)
    panel.set_title(title)
    panel.set_ylim(bottom=0)


def _contests(panel: Axes, rows: list[dict[str, Any]], key: str) -> None:
    opponents = sorted({row["contest"]["opponent"] for row in rows})
    for opponent, colour in zip(opponents, ("tab:orange", "tab:green", "tab:red"), strict=False):
        mine = [row for row in rows if row["contest"]["opponent"] == opponent]
        x = [row["games"] for row in mine]
        y = [row["contest"][key] for row in mine]
        bars = [1.96 * (row["contest"][f"{key}_se"] or 0) for row in mine]
        label = f"against {opponent}"
        panel.errorbar(x, y, yerr=bars, marker="o", markersize=3, color=colour, label=label)
    if rows:
        panel.legend(loc="best")
