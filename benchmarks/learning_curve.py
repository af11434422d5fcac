"""The learning curve of a chain of runs: strength and errors over games and over hours.

    python benchmarks/learning_curve.py RUN [RUN ...] --positions FILE --json FILE --png FILE

Each run is a folder that `tdgammon train` wrote, in the order in which one started from the net of
the one before. Every net kept in its `nets/`, and its last one, is measured: error rate on the
position benchmark, points a game against pubeval, and luck-adjusted against GNU Backgammon's 0-ply
where gnubg-nn is installed (`--gnubg-games 0` leaves it out). What the JSON file holds already is
not measured again; `--follow GAMES` says that the first run started from that net of the file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from release import hardware

from agent import catalog
from agent.arena import Contest, play_contest
from agent.checkpoint import FILE_NAME, load, write_atomically
from agent.decisions import Decisions, read
from agent.device import prepare
from agent.error_rate import measure
from agent.errors import AgentError
from agent.luck import RollValues, default_values
from agent.players.network import NetworkAgent
from agent.protocol import Agent
from agent.run import METRICS, NETS
from study.results import save as save_result

_SEED = 1


@dataclass(frozen=True)
class Point:
    """A net on the curve: the games learned from and the hours of training in the whole chain."""

    path: Path
    games: int
    hours: float


def points(runs: list[Path], games_before: int, hours_before: float) -> Iterator[Point]:
    """Yield every net of the chain in order, which begins after so many games and hours."""
    for run in runs:
        games, hours = _clock(run)
        nets = [(int(p.stem), p) for p in sorted((run / NETS).glob("*.npz"))]
        last = int(load(run).meta["games"])
        if not nets or nets[-1][0] != last:
            nets.append((last, run / FILE_NAME))
        for learned, path in nets:
            spent = float(np.interp(learned, games, hours))
            yield Point(path, games_before + learned, hours_before + spent)
        games_before += last
        hours_before += float(hours[-1])


def _clock(run: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return games and the hours of training they had taken, over all sittings of a run."""
    games, hours, before, last = [0.0], [0.0], 0.0, 0.0
    for line in (run / METRICS).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "seconds" not in row:
            continue
        if row["seconds"] < last:
            before += last
        last = row["seconds"]
        games.append(row["games"])
        hours.append((before + last) / 3600)
    return np.array(games), np.array(hours)


class Measures:
    """What every net of the curve is measured by."""

    def __init__(self, decisions: Decisions, pubeval_games: int, gnubg_games: int) -> None:
        self._decisions = decisions
        self._opponents: list[tuple[str, Agent, int, RollValues | None]] = []
        if pubeval_games:
            self._opponents.append(("pubeval", catalog.get("pubeval"), pubeval_games, None))
        if gnubg_games:
            gnubg = catalog.get("gnubg:0")
            self._opponents.append(("gnubg:0", gnubg, gnubg_games, default_values()))

    def missing(self, row: dict[str, Any], rare: bool) -> bool:
        """Say whether something was not measured yet; ``rare``: all that is measured rarely too."""
        return "mpt" not in row or any(name not in row for name, *_ in self._asked(rare))

    def _asked(self, rare: bool) -> list[tuple[str, Agent, int, RollValues | None]]:
        return [o for o in self._opponents if rare or o[3] is None]

    def take(self, agent: NetworkAgent, row: dict[str, Any], rare: bool) -> None:
        """Measure what ``row`` does not hold yet, and put it there."""
        if "mpt" not in row:
            found = measure(agent, self._decisions, seed=_SEED)
            row["mpt"] = {name: losses.mpt for name, losses in found.losses.items()}
            row["mpt_se"] = {name: losses.mpt_se for name, losses in found.losses.items()}
        for name, opponent, games, luck_by in self._asked(rare):
            if name not in row:
                row[name] = _score(play_contest(agent, opponent, games, _SEED, luck_by=luck_by))


def _score(contest: Contest) -> dict[str, Any]:
    adjusted = contest.ppg_luck_adjusted
    if adjusted is None:
        return {"games": contest.games, "ppg": contest.ppg, "ppg_se": contest.ppg_se}
    se = contest.ppg_luck_adjusted_se
    return {"games": contest.games, "ppg": adjusted, "ppg_se": se, "luck_adjusted": True}


def picture(rows: list[dict[str, Any]]) -> Figure:
    """Return the curve: points a game and errors, over games and over hours."""
    figure = Figure(figsize=(11, 7.5), dpi=110, layout="constrained")
    panels = figure.subplots(2, 2, sharex="col")
    for column, (key, label) in enumerate(
        (("games", "self-play games"), ("hours", "hours of one core"))
    ):
        _scores(panels[0][column], rows, key)
        _errors(panels[1][column], rows, key)
        for panel in panels[:, column]:
            panel.set_xscale("log")
            panel.grid(alpha=0.3, which="both")
            panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.xaxis.set_minor_formatter(NullFormatter())
            panel.xaxis.set_major_formatter(FuncFormatter(_plain))
        panels[1][column].set_xlabel(label)
    return figure


def _plain(value: float, _: int) -> str:
    return f"{value / 1e6:g} M" if value >= 1e5 else f"{value:g}"


def _scores(panel: Axes, rows: list[dict[str, Any]], key: str) -> None:
    for name, colour in (("pubeval", "tab:green"), ("gnubg:0", "tab:red")):
        mine = [row for row in rows if name in row]
        if mine:
            x = [row[key] for row in mine]
            y = [row[name]["ppg"] for row in mine]
            bars = [1.96 * row[name]["ppg_se"] for row in mine]
            adjusted = ", luck-adjusted" if "luck_adjusted" in mine[0][name] else ""
            panel.errorbar(
                x, y, yerr=bars, marker="o", markersize=3, color=colour,
                label=f"against {name}{adjusted}",
            )
    panel.axhline(0, color="grey", linewidth=0.8)
    panel.set_title("points a game (95 % intervals)")
    panel.legend(loc="lower right")


def _errors(panel: Axes, rows: list[dict[str, Any]], key: str) -> None:
    # Races and bear-offs are judged without the net: they would be level lines.
    names = ("all", "opening", "contact", "crashed")
    for name in names:
        y = [row["mpt"][name] for row in rows]
        wide = 2.2 if name == "all" else 1.0
        panel.plot([row[key] for row in rows], y, marker="o", markersize=3, linewidth=wide,
                   label=name)
    panel.set_ylim(bottom=0)
    panel.set_title("error rate, thousandths of a point a decision")
    panel.legend(loc="upper right")


def _known(path: Path) -> dict[int, dict[str, Any]]:
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {row["games"]: row for row in found["rows"]}


def _write(path: Path, rows: list[dict[str, Any]], args: argparse.Namespace) -> None:
    record = {
        "command": f"python benchmarks/learning_curve.py RUN ... --positions {args.positions}",
        "hardware": hardware(),
        "date": datetime.date.today().isoformat(),
        "rows": rows,
    }
    save_result(record, path)


def main() -> int:
    """Measure, write, draw; 2 for runs or files that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--positions", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--png", type=Path)
    parser.add_argument("--pubeval-games", type=int, default=2000)
    parser.add_argument("--gnubg-games", type=int, default=400)
    parser.add_argument("--gnubg-every", type=int, default=1, metavar="K",
                        help="play GNU Backgammon with every K-th net only, counted from the last")
    parser.add_argument("--least-games", type=int, default=0, help="skip nets younger than this")
    parser.add_argument("--follow", type=int, default=0, metavar="GAMES",
                        help="the first run started from the net that the JSON file has for GAMES")
    args = parser.parse_args()
    try:
        known = _known(args.json)
        if args.follow and args.follow not in known:
            raise AgentError(f"{args.json} has no net of {args.follow} games to follow")
        rows = [row for games, row in sorted(known.items()) if games <= args.follow]
        before = (args.follow, rows[-1]["hours"]) if rows else (0, 0.0)
        chain = [p for p in points(args.runs, *before) if p.games >= args.least_games]
        prepare()
        measures = Measures(read(args.positions), args.pubeval_games, args.gnubg_games)
        for n, point in enumerate(chain, 1):
            row = known.get(point.games, {"games": point.games, "hours": round(point.hours, 4)})
            rows.append(row)
            rare = (len(chain) - n) % args.gnubg_every == 0
            if measures.missing(row, rare):
                measures.take(catalog.network(point.path, str(point.games)), row, rare)
                rest = [r for g, r in sorted(known.items()) if g > point.games]
                _write(args.json, rows + rest, args)
            print(f"{n}/{len(chain)}  {point.games:>9,} games  {row['mpt']['all']:7.2f} mpt",
                  file=sys.stderr)
        _write(args.json, rows, args)
    except (AgentError, OSError) as error:
        print(f"learning_curve: {error}", file=sys.stderr)
        return 2
    if args.png:
        figure = picture(rows)
        write_atomically(args.png, lambda file: figure.savefig(file, format="png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
