"""Results as tables of plain text."""

from __future__ import annotations

from agent.arena import Contest
from agent.catalog import Entry


def contest_table(c: Contest) -> str:
    """Return the result of a contest as lines of text."""
    spread = "" if c.ppg_se is None else f" ± {c.ppg_se:.4f}"
    interval = ""
    if c.ppg_ci95 is not None:
        interval = f"   95 % interval {c.ppg_ci95[0]:+.4f} to {c.ppg_ci95[1]:+.4f}"
    win_spread = "" if c.win_se is None else f" ± {100 * c.win_se:.2f}"
    return "\n".join(
        [
            f"{c.agent} against {c.opponent}: {c.games} games, duplicate dice, seed {c.seed}",
            f"  points a game  {c.ppg:+.4f}{spread}{interval}",
            f"  won            {100 * c.win:.2f} %{win_spread}   of these gammons or better "
            f"{100 * c.gammon:.2f} %, backgammons {100 * c.backgammon:.2f} % (of all games)",
            f"  lost           {100 * (1 - c.win):.2f} %   of these gammons or worse "
            f"{100 * c.gammon_lost:.2f} %, backgammons {100 * c.backgammon_lost:.2f} %",
            f"  plies a game   {c.plies_per_game:.1f}   games a second {c.games_per_s:.0f}",
        ]
    )


def agents_table(entries: list[Entry]) -> str:
    """Return the known agents, one a line, with the strength measured."""
    rows = [("agent", "points a game", "against", "games", "about")]
    for entry in entries:
        s = entry.strength
        if s is None:
            rows.append((entry.name, "-", "-", "-", entry.about))
        else:
            ppg = f"{s['ppg']:+.3f} ± {s['ppg_se']:.3f}"
            rows.append((entry.name, ppg, s["opponent"], str(s["games"]), entry.about))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    source = [
        f"{entry.name}: measured {s['date']} on {s['hardware']} by `{s['command']}`"
        for entry in entries
        if (s := entry.strength) is not None
    ]
    return "\n".join([*(line.rstrip() for line in lines), "", *source]).rstrip()
