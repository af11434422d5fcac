"""The throughput measurements as a table and as a picture."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from rich.table import Table
from workloads import WORKS


def table(rows: list[dict[str, Any]]) -> Table:
    """Return the comparison as a table."""
    out = Table(title="Complete games a second, medians")
    for name in ("work", "program", "games/s", "from … to", "plies/s", "plies/game", "ours ÷ it"):
        out.add_column(name, justify="left" if name in ("work", "program") else "right")
    for r in rows:
        if "missing" in r:
            out.add_row(r["work"], r["program"], "not measured: " + r["missing"])
            continue
        ratio = r.get("ours_is_times_faster")
        out.add_row(
            r["work"],
            f"{r['program']} {r.get('version', '')}".strip(),
            f"{r['games_per_second']:,.0f}",
            f"{r['slowest']:,.0f} … {r['fastest']:,.0f}",
            f"{r['plies_per_second']:,.0f}",
            f"{r['plies_per_game']:.1f}",
            "" if ratio is None else f"{ratio:.2f}",
        )
    return out


def picture(by_batch: list[dict[str, Any]], by_width: list[dict[str, Any]], where: str) -> Figure:
    """Return games a second over batch size and hidden width, both log-log."""
    figure = Figure(figsize=(10, 4.5), dpi=110, layout="constrained")
    for axes, rows, x in zip(
        figure.subplots(1, 2), (by_batch, by_width), ("batch", "hidden"), strict=True
    ):
        for work in WORKS:
            mine = [r for r in rows if r["work"] == work and "left_out" not in r]
            if mine:
                rates = [max(r["games_per_second"], 1e-3) for r in mine]
                axes.loglog([r[x] for r in mine], rates, marker="o", label=work)
        axes.set_xlabel("games at once" if x == "batch" else "hidden units")
        axes.set_ylabel("games a second")
        axes.grid(alpha=0.3, which="both")
        if axes.lines:
            axes.legend()
    figure.suptitle(where)
    return figure
