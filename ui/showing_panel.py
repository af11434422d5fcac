"""The analysis beside the board: what is drawn of the state's record and opinions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agent import outcome
from agent.outcome import LOSE_GAMMON, WIN, WIN_GAMMON
from engine.notation import format_play
from engine.plays import Play
from engine.transcript import GameRecord, Turn
from ui.events import Roll
from ui.state import State
from ui.update_opinions import cost_of, decision_at, hints_of, is_won, play_made
from ui.view import HintRow, Panel, PlayRow

_RESIGNS = {1: "resigns", 2: "resigns a gammon", 3: "resigns a backgammon"}


def panel_shown(state: State) -> Panel | None:
    """Return the panel if it is open; hints open it as long as they are shown."""
    if state.editing is not None or not (state.settings.panel or state.hints):
        return None
    number, turn = state.looked_at
    record = state.records[number]
    rows = tuple(_row(state, number, n, record.turns[n]) for n in range(len(record.turns)))
    return Panel(_win(state, record, turn), _curve(state, record), rows,
                 turn if state.review is not None else None, hint_rows(state), state.chosen,
                 _busy(state))


def hint_rows(state: State) -> tuple[HintRow, ...]:
    """Return the best plays of the position looked at, if hints are shown and known."""
    hints, made = hints_of(state), play_made(state)
    return tuple(HintRow(
        text(choice.play), choice.equity, choice.equity - hints[0].equity,
        float(choice.outcome[WIN]), float(choice.outcome[WIN_GAMMON]),
        float(choice.outcome[LOSE_GAMMON]),
        made is not None and made.packed == choice.play.packed) for choice in hints)


@lru_cache(maxsize=4096)
def text(play: Play) -> str:
    """Return a play in notation, "no move" for none."""
    return format_play(play) or "no move"


def roll_text(roll: Roll, between: str = "-") -> str:
    """Return a roll as it is spoken of, the larger die first.

    >>> roll_text((3, 5))
    '5-3'
    """
    return f"{max(roll)}{between}{min(roll)}"


def _row(state: State, number: int, n: int, turn: Turn) -> PlayRow:
    if turn.kind == "play" and turn.play is not None and turn.roll is not None:
        said = f"{roll_text(turn.roll, '')}: {text(turn.play)}"
        return PlayRow(n + 1, turn.player, said, cost_of(state, (number, n), turn.play))
    if turn.kind == "resign":
        return PlayRow(n + 1, turn.player, _RESIGNS.get(turn.value, "resigns"))
    kinds = {"double": f"doubles to {turn.value}", "take": "takes", "drop": "drops"}
    return PlayRow(n + 1, turn.player, kinds.get(turn.kind, turn.kind))


def _outcome(state: State, record: GameRecord, number: int, turn: int
             ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None:
    """Return the near player's outcome float32[5] at a place, certain once the game is won."""
    if not is_won(record, turn):
        return state.opinions.chances.get((number, turn))
    level = max(min(record.points // max(record.state.cube, 1), 3), 1)
    found = outcome.of_points(np.array(level if record.winner == 0 else -level))
    return np.asarray(found, np.float32)


def _win(state: State, record: GameRecord, turn: int) -> tuple[float, float, float] | None:
    known = _outcome(state, record, state.looked_at[0], turn)
    if known is None:
        return None
    return float(known[WIN]), float(known[WIN_GAMMON]), float(known[LOSE_GAMMON])


def _curve(state: State, record: GameRecord) -> tuple[tuple[int, float], ...]:
    number = state.looked_at[0]
    found = []
    for n in range(len(record.turns) + 1):
        known = _outcome(state, record, number, n)
        if known is not None:
            found.append((n, float(outcome.equity(known))))
    return tuple(found)


def _busy(state: State) -> str:
    asked = state.opinions.asked_rank
    if asked is not None:
        left = len(state.opinions.queue) + 1
        judged = state.opinions.queue or not state.hints
        return f"Judging plays: {left} left" if judged else "Looking for the best plays"
    if state.hints and decision_at(state, state.looked_at) is None:
        return "No roll here to rank plays of"
    return "Looking at the chances" if state.opinions.asked_chances is not None else ""
