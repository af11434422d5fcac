"""Rollouts of the opening and ten reference positions, ours beside GNU Backgammon's.

    python benchmarks/rollout_reference.py [--trials 1296] [--only NAME ...]
        [--parts truncated full gnubg] [--ply N] [--json FILE]

Money play, cubeless, gammons counted, seen by the player on roll before the roll; the luck of the
dice is taken out by both. Ours are played by ``pretrained``, once cut after 11 plies and once to
the end; GNU Backgammon's (the installed program) by its own nets, to the end, without its bear-off
databases. Both look ``--ply`` plies ahead at every play, by default none. Each side rolls out its
own play, so what is compared is also an opinion: a difference may be real. Differences are in
standard errors of the difference.

The program shows results of a rollout only on a terminal, so it is given a pseudo-terminal.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agent import catalog
from agent.device import prepare
from agent.players.gnubg_program import GET_IT, program
from agent.players.searching import judge_of
from agent.rollout import Settings, rollout
from agent.search import Judge
from engine.ids import decode_position
from study.results import save as save_result

POSITIONS = {
    "start": "4HPwATDgc/ABMA",
    # Set up by hand: the kinds of game that every book has.
    "blitz": "4HPwAWDYzsEBMA",  # two on the bar against three points made
    "holding": "mOfgwQCY5+ABAw",  # 20-point against 18-point anchor
    "back game": "2N4OBgBoZzCAOQ",  # 24- and 22-point
    "prime": "2O4GATC03Q4AMA",  # five points against four
    "race": "2N6cAQDYnjMDAA",  # 110 pips against 105
    "ace point": "7O4DADC2uwMAAA",  # bearing off against an anchor on the ace point
    # From tests/data/positions-dev.jsonl.gz: games of GNU Backgammon against itself.
    "opening": "mNvgAQbQ28EBMA",
    "contact": "bLsRwQBmy8EBMA",
    "crashed": "Mxs4BkH7dwAAAA",
    "bear-off": "37MAAMBrAAAAAA",
}
# "truncated" and "full" are ours, with the plies after which a trial ends.
PARTS = ("truncated", "full", "gnubg")
TRUNCATE = {"truncated": 11, "full": 0}
AGREES = 2.0

_COMMANDS = """\
set confirm new off
set automatic roll off
set automatic game off
set player 0 human
set player 1 human
set jacoby off
set display off
set output digits 6
new session
set turn 1
set board {position}
set rollout trials {trials}
set rollout cubeful off
set rollout varredn on
set rollout quasirandom on
set rollout initial off
set rollout truncation enable off
set rollout bearofftruncation exact off
set rollout bearofftruncation onesided off
set rollout seed {seed}
set rollout chequerplay plies {ply}
set rollout chequerplay cubeful off
set rollout player 0 chequerplay plies {ply}
set rollout player 0 chequerplay cubeful off
set rollout player 1 chequerplay plies {ply}
set rollout player 1 chequerplay cubeful off
show board
rollout
"""
_FINAL = "Printing final results."
_NUMBER = r"[-+]?\d+\.\d+"
_RESULT = re.compile(
    rf"Current Position:\s+(?:{_NUMBER}[\s-]+){{6}}CL\s+({_NUMBER})"
    rf"\s+\[(?:{_NUMBER}[\s-]+){{6}}CL\s+({_NUMBER})\].*?(\d+) games", re.S)
_SHOWN = re.compile(r"Position ID: (\S{14})")
Result = tuple[float, float]


def gnubg_rollout(position: str, trials: int, ply: int, seed: int, limit_s: float) -> Result:
    """Return the equity of a rollout by the program, and the standard error that it gives.

    Raises ``RuntimeError`` if the program shows another position, another number of games or
    nothing within ``limit_s`` seconds.
    """
    path = program()
    if path is None:
        raise RuntimeError(f"this needs the program gnubg; {GET_IT}")
    with tempfile.TemporaryDirectory(prefix="tdgammon-gnubg-") as folder:
        commands = Path(folder) / "commands"
        filled = _COMMANDS.format(position=position, trials=trials, ply=ply, seed=seed)
        commands.write_text(filled, "ascii")
        text = _on_terminal([path, "-t", "-q", "-r", "-s", folder, "-c", str(commands)], limit_s)
    result = _RESULT.search(text, text.index(_FINAL) if _FINAL in text else len(text))
    shown = _SHOWN.findall(text)
    if result is None or not shown:
        raise RuntimeError(f"gnubg did not say what came of {position} within {limit_s:g} s")
    if shown[-1] != position or int(result[3]) != trials:
        raise RuntimeError(f"gnubg rolled out {shown[-1]} {result[3]} times, not {position} "
                           f"{trials} times")
    return float(result[1]), float(result[2])


def _on_terminal(command: list[str], limit_s: float) -> str:
    """Return what a program writes to a terminal until it has shown a result, and end it."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
                               close_fds=True)
    os.close(theirs)
    text, stop = "", time.monotonic() + limit_s
    try:
        while time.monotonic() < stop:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            text += data.decode("ascii", "replace")
            final = text.find(_FINAL)
            if final >= 0 and _RESULT.search(text, final):
                break
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return text


def measured(part: str, judge: Judge, position: str, given: argparse.Namespace) -> dict[str, float]:
    """Return one rollout of one position: the equity, its standard error, the seconds it took."""
    began = time.perf_counter()
    if part == "gnubg":
        equity, se = gnubg_rollout(position, given.trials, given.ply, given.seed, given.limit)
    else:
        settings = Settings(given.trials, TRUNCATE[part], given.ply, True, given.seed)
        found = rollout(judge, decode_position(position)[None], settings)[0]
        equity, se = found.equity, found.equity_se or 0.0
    return {"equity": equity, "se": se, "seconds": time.perf_counter() - began}


def apart(one: dict[str, float], two: dict[str, float]) -> float:
    """Return the difference of two rollouts in standard errors of the difference."""
    return (one["equity"] - two["equity"]) / max(math.hypot(one["se"], two["se"]), 1e-9)


def table(rows: dict[str, dict[str, Any]]) -> str:
    """Return the rows as text; what has not been measured is a dash."""
    lines = [f"{'':10} {'position':14} {'11 plies':>16} {'to the end':>16} {'gnubg':>16}"
             f" {'apart: 11':>10} {'end':>6}"]
    count = {part: [0, 0] for part in TRUNCATE}
    for name, row in rows.items():
        pairs = " ".join(f"{row[part]['equity']:+8.4f} ±{row[part]['se']:.4f}" if part in row else
                         f"{'-':>16}" for part in PARTS)
        line = f"{name:10} {POSITIONS[name]:14} {pairs}"
        for part, width in (("truncated", 11), ("full", 7)):
            if part in row and "gnubg" in row:
                by = apart(row[part], row["gnubg"])
                count[part][0] += abs(by) <= AGREES
                count[part][1] += 1
                line += f"{by:+{width}.2f}"
            else:
                line += f"{'-':>{width}}"
        lines.append(line)
    for part, words in (("truncated", "cut after 11 plies"), ("full", "to the end")):
        near, of = count[part]
        lines.append(f"{words}: {near} of {of} within {AGREES:g} standard errors")
    return "\n".join(lines)


def kept(file: Path | None, what: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows of an earlier, perhaps interrupted run of the same kind, or none."""
    if file is None or not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    found.setdefault("ply", 0)
    if {key: found.get(key) for key in what} != what:
        raise SystemExit(f"rollout_reference: {file} holds rollouts of another kind ({what} are "
                         "asked for); name another file")
    rows: dict[str, dict[str, Any]] = found["rows"]
    return rows


def main() -> int:
    """Roll out what the file does not hold yet, write after each, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agent", default="pretrained")
    parser.add_argument("--trials", type=int, default=1296)
    parser.add_argument("--ply", type=int, choices=[0, 1, 2], default=0, help="of every play")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--only", nargs="+", choices=sorted(POSITIONS), default=list(POSITIONS))
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds for one of gnubg's")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="where the rollouts are kept; what it holds is not done again")
    given = parser.parse_args()
    if program() is None and "gnubg" in given.parts:
        print(f"rollout_reference: this needs the program gnubg; {GET_IT}", file=sys.stderr)
        return 2
    what = {"agent": given.agent, "trials": given.trials, "seed": given.seed, "ply": given.ply}
    rows = kept(given.json, what)
    prepare("cpu")
    judge, _ = judge_of(catalog.get(given.agent, 0))
    for part in given.parts:
        for name in given.only:
            row = rows.setdefault(name, {"position": POSITIONS[name]})
            if part in row:
                continue
            row[part] = measured(part, judge, POSITIONS[name], given)
            print(f"{name}, {part}: {row[part]['seconds']:.0f} s", file=sys.stderr, flush=True)
            if given.json:
                save_result({**what, "rows": rows}, given.json)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
