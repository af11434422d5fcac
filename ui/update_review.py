"""Looking at earlier positions of the record, turn by turn, across games."""

from __future__ import annotations

from dataclasses import replace

from ui.state import Place, State, Step


def look(state: State, place: Place) -> Step:
    """Show a place of the record; the present one ends the review."""
    number, turn = place
    records = state.records
    if not 0 <= number < len(records) or not 0 <= turn <= len(records[number].turns):
        return state, []
    review = None if place == state.here else place
    return replace(state, review=review, touch=None, flight=None, chosen=None,
                   hints=state.hints and review is not None, message=""), []


def back(state: State) -> Step:
    """Show the position one turn earlier."""
    return steps(state, -1)


def forth(state: State) -> Step:
    """Show the position one turn later."""
    return steps(state, 1)


def steps(state: State, by: int) -> Step:
    """Go some turns on (or back, if negative), from game to game, no further than the ends."""
    number, turn = state.looked_at
    records = state.records
    turn += by
    while turn < 0 and number > 0:
        number -= 1
        turn += len(records[number].turns) + 1
    while turn > len(records[number].turns) and number < len(records) - 1:
        turn -= len(records[number].turns) + 1
        number += 1
    return look(state, (number, min(max(turn, 0), len(records[number].turns))))


def first(state: State) -> Step:
    """Show the start of the game, or that of the game before if it is shown already."""
    number, turn = state.looked_at
    return look(state, (number if turn or not number else number - 1, 0))


def present(state: State) -> Step:
    """Show the present again."""
    return look(state, state.here)


def row(state: State, index: int) -> Step:
    """Show the position of a row in the list of turns of the game looked at."""
    return look(state, (state.looked_at[0], index)) if index >= 0 else (state, [])
