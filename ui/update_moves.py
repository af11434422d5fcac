"""A person moves checkers: touch, drag, drop, click, swap, undo, confirm."""

from __future__ import annotations

from dataclasses import replace

from agent.analysis import Choice
from engine.errors import EngineError
from engine.notation import parse_play
from engine.plays import Play
from ui import update_game
from ui.board_game import index_of, spot_of
from ui.flying import hops_of, lift_off
from ui.moving import Moving
from ui.state import Asking, State, Step, Touch
from ui.update_opinions import BEST, ask_rank, cost_of
from ui.view import SPOTS, Spot, Target


def lit(state: State) -> tuple[Spot, ...]:
    """Return the spots where the touched checker may go."""
    if state.touch is None or state.moving is None or state.game.player is None:
        return ()
    player = state.game.player
    ways = state.moving.ways(index_of(player, state.touch.spot))
    return tuple(sorted(spot_of(player, index) for index in ways))


def movable(state: State) -> tuple[Spot, ...]:
    """Return the spots a checker may leave now."""
    if state.moving is None or state.game.player is None or not state.on_board:
        return ()
    return tuple(sorted(spot_of(state.game.player, i) for i in state.moving.sources))


def touch(state: State, spot: Spot, at: tuple[int, int]) -> Step:
    """Touch a checker that may move; nothing else can be touched."""
    if not 0 <= spot < SPOTS or spot not in movable(state):
        return state, []
    return replace(state, touch=Touch(spot, at)), []


def drag(state: State, target: Target, at: tuple[int, int]) -> Step:
    """Let the touched checker follow the pointer."""
    if state.touch is None:
        return state, []
    away = state.touch.away or target != Target("spot", state.touch.spot)
    return replace(state, touch=replace(state.touch, at=at, lifted=True, away=away)), []


def release(state: State, target: Target) -> Step:
    """Drop the touched checker where it may go; a click makes its one legal move."""
    held, moving, player = state.touch, state.moving, state.game.player
    state = replace(state, touch=None)
    if held is None or moving is None or player is None or target.kind != "spot":
        return state, []
    source = index_of(player, held.spot)
    if target.index == held.spot:
        after = None if held.away else moving.click(source)
    elif target.index in _spots(player, moving, source):
        after = moving.drop(source, index_of(player, target.index))
    else:
        after = None
    if after is None:
        return state, []
    return _moved(state, after, dropped=held.lifted), []


def _spots(player: int, moving: Moving, source: int) -> set[Spot]:
    return {spot_of(player, index) for index in moving.ways(source)}


def _moved(state: State, after: Moving, *, dropped: bool = False) -> State:
    """Return the state with more moves made; a dropped checker is there, what it hit flies."""
    moving, player = state.moving, state.game.player
    assert moving is not None and player is not None, "somebody moves"
    new = after.made[len(moving.made):]
    moved = replace(state, moving=after, message="", confirming=False)
    if dropped:
        return _landed(state, moved)
    return lift_off(state, moved, hops_of(player, new), player, after.roll)


def _landed(state: State, moved: State) -> State:
    """Return ``moved`` after a drop: the checker is there, and the last one it hit flies."""
    before, after, player = state.moving, moved.moving, state.game.player
    assert before is not None and after is not None and player is not None, "somebody moves"
    new = after.made[len(before.made):]
    hits = [n for n, move in enumerate(new) if move.hit]
    if not hits:
        return replace(moved, flight=None)
    # Everything is where it will be, but for that checker, which still stands where it was hit.
    last = hits[-1]
    still = (*before.made, *new[:last], replace(new[last], hit=False), *new[last + 1:])
    shown = replace(moved, moving=replace(after, made=still))
    hop = hops_of(player, new[last:last + 1])[1:]
    return lift_off(shown, moved, hop, player, after.roll)


def swap(state: State) -> Step:
    """Use the dice in the other order."""
    if state.moving is None or state.moving.complete or state.moving.is_double:
        return state, []
    return replace(state, moving=state.moving.swap(), touch=None), []


def undo(state: State) -> Step:
    """Take back one move of the play not yet confirmed."""
    return _back(state, whole=False)


def undo_all(state: State) -> Step:
    """Take back the whole play not yet confirmed."""
    return _back(state, whole=True)


def _back(state: State, *, whole: bool) -> Step:
    if state.moving is None or not state.moving.made:
        return state, []
    moving = state.moving.undo_all() if whole else state.moving.undo()
    return replace(state, moving=moving, touch=None, flight=None, confirming=False,
                   message=""), []


def confirm(state: State) -> Step:
    """Make the complete play for good, unless the tutor has something to say about it."""
    if state.hold > 0:
        return replace(state, hold=0.0), []
    play = state.moving.play if state.moving is not None else None
    if play is None or not state.on_board:
        return state, []
    if state.settings.tutor is None or state.confirming:
        return update_game.commit(state, play)
    if state.here in state.opinions.ranked:
        return judged(replace(state, confirming=True))
    state = replace(state, confirming=True, message="The tutor looks at the play "
                    "(confirm again not to wait).")
    return ask_rank(state, state.here)


def judged(state: State) -> Step:
    """Go on with a play that waited for the tutor: question it or make it."""
    play = state.moving.play if state.moving is not None else None
    state = replace(state, confirming=False, message="")
    if play is None:
        return state, []
    cost = cost_of(state, state.here, play)
    amount = state.settings.tutor
    if cost is None or amount is None or cost <= amount:
        return update_game.commit(state, play)
    return replace(state, dialog=Asking("tutor", data=(play, cost)), touch=None), []


def better(state: State, play: Play) -> list[Choice]:
    """Return the best few plays that were ranked before this one."""
    ranked = state.opinions.ranked.get(state.here) or ()
    found: list[Choice] = []
    for choice in ranked[:BEST]:
        if choice.play.packed == play.packed:
            break
        found.append(choice)
    return found


def typed(state: State, text: str) -> Step:
    """Make the moves of a play in notation, in place of those made so far."""
    moving = state.moving
    if moving is None:
        return replace(state, dialog=None, message="There is nothing to move now."), []
    try:
        play = parse_play(text, moving.first, *moving.roll)
    except EngineError as error:
        assert state.dialog is not None, "it was typed into a dialog"
        return replace(state, dialog=replace(state.dialog, error=str(error))), []
    fresh = replace(state, dialog=None, moving=moving.undo_all())
    return _moved(fresh, moving.with_moves_of(play)), []
