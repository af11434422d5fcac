"""Showing what the units of a convolutional net see: on and off, which point, which layer."""

from __future__ import annotations

from dataclasses import replace

from ui.board_game import Board, position_at, seen_by
from ui.events import AskUnits, UnitsSeen
from ui.flying import shown_board
from ui.state import State, Step, ask
from ui.units import POINTS, Position, Units
from ui.update_opinions import player_at
from ui.view import NEAR, Target

_NOBODY = "Only agents have units; people play on both sides here."


def units(state: State) -> Step:
    """Show what the units of the net that plays here see, or hide it."""
    if state.units is not None:
        return replace(state, units=None, message=""), []
    if state.agents == (None, None):
        return replace(state, message=_NOBODY), []
    return replace(state, units=Units(), message=""), []


def _board(state: State) -> tuple[Board, int]:
    """Return the position on the board, the near player in row 0, and who is on roll there."""
    place = state.looked_at
    flight = state.flight if state.on_screen else None
    player = player_at(state, place) if flight is None else flight.player
    board = (shown_board(state) if state.review is None
             else position_at(state.records[place[0]], place[1]))
    return board, NEAR if player is None else player


def position(state: State) -> Position:
    """Return which position is on the board."""
    board, player = _board(state)
    return board.tobytes(), player


def wonder(state: State) -> Step:
    """Ask for the net's units and its gates in the position on the board, if not known."""
    found = state.units
    if found is None or found.asked is not None:
        return state, []
    here = position(state)
    if here == found.known or state.editing is not None or state.flight is not None:
        return state, []
    state, request = ask(state)
    state = replace(state, units=replace(found, asked=(request, here)))
    board, player = _board(state)
    return state, [AskUnits(request, seen_by(board, player))]


def seen(state: State, event: UnitsSeen) -> State:
    """Note what ``AskUnits`` gave, if it was asked for; why there is nothing is told."""
    found = state.units
    if found is None or found.asked is None or event.request != found.asked[0]:
        return state
    if not event.layers:
        return replace(state, units=None, message=f"No units to be seen: {event.reason}.")
    # The first thing to be seen is the last layer, which what the net says is made of.
    layer = found.layer if event.layers == found.layers else len(event.layers) - 1
    return replace(state, units=replace(found, layers=event.layers, layer=layer,
                                        gates=event.gates, known=found.asked[1], asked=None))


def point(state: State, target: Target) -> State:
    """Show the unit of the point under the pointer, if there is one."""
    on_point = target.kind == "spot" and 0 <= target.index < POINTS
    if state.units is None or not on_point or state.dialog is not None:
        return state
    if state.editing is not None or target.index == state.units.spot:
        return state
    return _heard(replace(state, units=replace(state.units, spot=target.index)))


def next_unit(state: State) -> Step:
    """Show the unit of the next point, after 24 that of 1."""
    return _step(state, 1, 0)


def unit_before(state: State) -> Step:
    """Show the unit of the point before, before 1 that of 24."""
    return _step(state, -1, 0)


def next_layer(state: State) -> Step:
    """Show the next layer, further from the input; behind the last one nothing."""
    return _step(state, 0, 1)


def layer_before(state: State) -> Step:
    """Show the layer before, nearer to the input; before the first one nothing."""
    return _step(state, 0, -1)


def _step(state: State, points: int, layers: int) -> Step:
    shown = state.units
    if shown is None or not shown.layers:
        return state, []
    layer = min(max(shown.layer + layers, 0), len(shown.layers) - 1)
    shown = replace(shown, spot=(shown.spot + points) % POINTS, layer=layer)
    return _heard(replace(state, units=shown)), []


def _heard(state: State) -> State:
    """Return the state without what was told before, which hides what is told of the unit.

    What somebody is still to read, or to answer, stays.
    """
    waits = state.hold > 0 or state.stalled or state.confirming
    return state if waits else replace(state, message="")
