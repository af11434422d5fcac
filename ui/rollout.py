"""What ``tdgammon rollout`` says: a position, or the best few plays of a roll, played out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from agent import outcome
from agent.analysis import roll_out as roll_out_plays
from agent.cluster import ALONE, Cluster
from agent.rollout import Progress, Rollout, Settings, rollout
from agent.search import Judge
from engine.ids import encode_position
from engine.notation import format_play
from engine.plays import plays


def roll_out(
    judge: Judge,
    board: npt.NDArray[np.int8],
    roll: tuple[int, int] | None,
    settings: Settings,
    progress: Progress | None = None,
    cluster: Cluster = ALONE,
) -> dict[str, Any]:
    """Return the rollouts as plain values, seen by the player on roll.

    Args:
        judge: the network that plays both sides.
        board: int8[2, 25], the player on roll first; the game is not over.
        roll: whose plays are rolled out; ``None``: the position before the roll.
        settings: of the rollouts.
        progress, cluster: as for ``agent.rollout.rollout``.
    """
    found: dict[str, Any] = {"position": encode_position(board), "agent": judge.name,
                             **asdict(settings)}
    if roll is None:
        found["before_roll"] = _plain(rollout(judge, board[None], settings, progress, cluster)[0])
        return found
    found["dice"] = list(roll)
    found["plays"] = []
    for choice in roll_out_plays(plays(board, *roll), judge, settings, progress, cluster):
        behind, se = choice.behind or (0.0, None)
        found["plays"].append({
            "play": format_play(choice.play), **_plain(choice.rollout),
            "behind": _rounded(behind), "behind_se": _rounded(se)})
    return found


def _plain(r: Rollout) -> dict[str, float | None]:
    spread = [None] * outcome.N_OUTCOMES if r.outcome_se is None else r.outcome_se.tolist()
    plain = {"equity": _rounded(r.equity), "equity_se": _rounded(r.equity_se)}
    for name, value, se in zip(outcome.NAMES, r.outcome.tolist(), spread, strict=True):
        plain |= {name: _rounded(value), f"{name}_se": _rounded(se)}
    return plain


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def as_text(found: dict[str, Any]) -> str:
    """Return the rollouts as a table, standard errors below the figures."""
    length = f"cut after {found['truncate']} plies" if found["truncate"] else "played to the end"
    luck = "luck taken out" if found["luck"] else "luck left in"
    lines = [f"{found['position']}: {found['trials']} trials of {found['agent']} at "
             f"{found['plies']}-ply, {length}, {luck}, seed {found['seed']}"]
    rows = [("before the roll", found["before_roll"])] if "before_roll" in found else \
        [(play["play"] or "(no move)", play) for play in found["plays"]]
    width = max(len(name) for name, _ in rows)
    behind = "   behind" if len(rows) > 1 else ""
    lines.append(f"{'':{width}}  equity     win   win g  win bg  lose g lose bg{behind}")
    for name, row in rows:
        behind = "" if row.get("behind_se") is None else f"{row['behind']:9.4f}"
        lines += [_line(f"{name:{width}}", row, "", "+7.4f", behind)]
        if row["equity_se"] is not None:
            behind = behind and f"{row['behind_se']:9.4f}"
            lines += [_line(f"{'±':>{width}}", row, "_se", "7.4f", behind)]
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any], suffix: str, form: str, behind: str) -> str:
    chances = "".join(f"{100 * row[n + suffix]:7.2f} " for n in outcome.NAMES)
    return f"{name}  {row['equity' + suffix]:{form}}{chances}{behind}".rstrip()
