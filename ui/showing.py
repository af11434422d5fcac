"""What a state of the board window looks like: ``show(state)`` makes the ``View`` to be drawn."""

from __future__ import annotations

from functools import lru_cache

from engine.board import pips
from engine.plays import Play
from ui.actions import dialog_shown
from ui.board_game import Board, cube_after, position_at, spot_of
from ui.commands import BY_NAME, comes_next, enabled, on_buttons, pressed
from ui.flying import counts_of, in_the_air, shown_board
from ui.prompt import prompt
from ui.showing_panel import panel_shown
from ui.state import Counts, State
from ui.units import sight
from ui.update_moves import lit, movable
from ui.update_opinions import BEST, decision_at, hints_of, player_at
from ui.update_units import position
from ui.view import SPOTS, Arrow, Button, Die, Flying, Lifted, Sight, View

_Dice = tuple[tuple[Die, ...], tuple[Die, ...]]
_NO_DICE: _Dice = ((), ())


def show(state: State) -> View:
    """Return all that is drawn of a state."""
    board = board_shown(state)
    counts, flying, lifted = _checkers(state, board)
    place = state.looked_at
    record = state.records[place[0]]
    match = cube_after(record.state, record.turns[:place[1]])
    over = state.review is None and state.game.end is not None
    near, far = pips(board).tolist()
    return View(
        counts=counts, dice=_dice(state), cube=(match.cube, match.cube_owner), names=state.names,
        score=state.game.after.score if over else match.score, length=match.length,
        pips=(near, far), on_roll=_on_roll(state), crawford=match.crawford, flying=flying,
        lifted=lifted, movable=movable(state) if state.flight is None else (), lit=lit(state),
        arrows=_arrows(state), buttons=_buttons(state), message=state.message or prompt(state),
        panel=panel_shown(state), dialog=dialog_shown(state), editing=state.editing is not None,
        theme=state.settings.theme, home_right=state.settings.home_right,
        units=_units(state), show_pips=state.settings.pips, ready=_ready(state))


def board_shown(state: State) -> Board:
    """Return the position on the board, int8[2, 25], the near player in row 0."""
    if state.editing is not None:
        return state.editing.board
    if state.review is not None:
        return position_at(state.records[state.review[0]], state.review[1])
    return shown_board(state)


def _checkers(state: State, board: Board) -> tuple[Counts, tuple[Flying, ...], Lifted | None]:
    if state.flight is not None and state.on_screen:
        counts, flying = in_the_air(state.flight)
        return counts, flying, None
    counts = counts_of(board)
    held = state.touch
    if held is None or not held.lifted or state.game.player is None or not state.on_board:
        return counts, (), None
    player = state.game.player
    sides = [list(side) for side in counts]
    sides[player][held.spot] -= 1
    return (tuple(sides[0]), tuple(sides[1])), (), Lifted(player, held.spot, held.at)


# ---- dice


def _dice(state: State) -> _Dice:
    if state.editing is not None:
        return _on_side(state.editing.on_roll, (Die(0), Die(0)))
    if state.review is not None:
        decision, player = decision_at(state, state.review), player_at(state, state.review)
        if decision is None or player is None:
            return _NO_DICE
        return _on_side(player, _faces(decision[1], 0))
    flight, game = state.flight, state.game
    if flight is not None and state.moving is None:
        # They have been used by what is still on its way.
        return _on_side(flight.player, _faces(flight.roll, 0))
    if game.end is not None:
        return _NO_DICE
    if game.player is None:
        return (Die(0),), (Die(0),)
    if game.roll is None:
        return _on_side(game.player, (Die(0), Die(0)))
    if game.opening is not None and not game.turns and state.hold > 0 and not state.announced:
        return (Die(game.opening[0]),), (Die(game.opening[1]),)
    moving = state.moving
    if moving is None:
        return _on_side(game.player, _faces(game.roll, 0))
    if moving.is_double:
        return _on_side(game.player, _faces(moving.roll, len(moving.made)))
    left = moving.left
    return _on_side(game.player, tuple(Die(die, die not in left) for die in moving.roll))


def _faces(roll: tuple[int, int], used: int) -> tuple[Die, ...]:
    high, low = max(roll), min(roll)
    faces = (high,) * 4 if high == low else (high, low)
    return tuple(Die(face, n < used) for n, face in enumerate(faces))


def _on_side(player: int, dice: tuple[Die, ...]) -> _Dice:
    return ((), dice) if player else (dice, ())


def _ready(state: State) -> bool:
    """Say whether a click on the dice would confirm the play."""
    return (state.on_board and state.flight is None and state.moving is not None
            and state.moving.complete)


def _on_roll(state: State) -> int | None:
    if state.editing is not None:
        return state.editing.on_roll
    if state.review is not None:
        return player_at(state, state.review)
    if state.flight is not None:
        return state.flight.player
    return state.game.player


# ---- arrows


def _arrows(state: State) -> tuple[Arrow, ...]:
    """Return the arrows of the hints, or of the play made from a position looked at again."""
    place = state.looked_at
    player = player_at(state, place)
    if player is None or state.editing is not None or state.flight is not None:
        return ()
    plays = [(rank, choice.play) for rank, choice in enumerate(hints_of(state))
             if state.chosen == rank or state.chosen is None and rank < BEST]
    if not plays and state.review is not None:
        turns = state.records[place[0]].turns
        made = turns[place[1]].play if place[1] < len(turns) else None
        plays = [] if made is None else [(0, made)]
    return tuple(Arrow(player, spot_of(player, source), spot_of(player, target), rank)
                 for rank, play in plays for source, target in ways_of(play))


def ways_of(play: Play) -> list[tuple[int, int]]:
    """Return where each checker of a play comes from and goes to, the mover's indices.

    One that moves on from where it came is one way, unless it hits on the way.
    """
    found: list[tuple[int, int]] = []
    hits: set[int] = set()
    for move in play.moves:
        came = next((n for n, (_, target) in enumerate(found)
                     if target == move.source and target not in hits), None)
        if came is None:
            found.append((move.source, move.target))
        else:
            found[came] = found[came][0], move.target
        if move.hit:
            hits.add(move.target)
    return found


def _units(state: State) -> Sight | None:
    """Return what the unit that is shown sees."""
    if state.units is None or state.editing is not None:
        return None
    return sight(state.units, position(state))


# ---- words


def _buttons(state: State) -> tuple[Button, ...]:
    return tuple(_button(name, enabled(state, name), pressed(state, name), comes_next(state, name))
                 for name in on_buttons(state))


@lru_cache(maxsize=256)
def _button(name: str, enabled: bool, on: bool, usual: bool) -> Button:
    command = BY_NAME[name]
    return Button(name, command.label, command.keys[0], enabled, on, usual)


def total(view: View) -> tuple[int, int]:
    """Return the checkers of both players that a view shows anywhere; 15 each."""
    sums = [sum(side[:SPOTS]) for side in view.counts]
    for flying in view.flying:
        sums[flying.owner] += 1
    if view.lifted is not None:
        sums[view.lifted.owner] += 1
    return sums[0], sums[1]
