"""What every event makes of the state of the board window, and what it asks of the world.

Pure: ``update(state, event)`` gives the next state and the effects, and knows no pygame, no time,
no files. What belongs to one subject is in ``ui.update_*`` and ``ui.dialogs_*``.
"""

from __future__ import annotations

from dataclasses import replace

from ui import (
    dialogs,
    dialogs_game,
    update_game,
    update_moves,
    update_opinions,
    update_positions,
    update_review,
    update_units,
)
from ui.actions import command, page
from ui.commands import BY_NAME, by_key
from ui.events import (
    AgentPlayed,
    Chances,
    Close,
    Drag,
    Effect,
    Event,
    Hover,
    Key,
    Leave,
    Loaded,
    OtherPress,
    Pasted,
    Press,
    Ranked,
    Release,
    Remember,
    Seated,
    SeedIs,
    StartGame,
    Text,
    Thrown,
    Tick,
    Told,
    UnitsSeen,
    Wheel,
)
from ui.flying import fly
from ui.state import State, Step
from ui.view import Target

_CUBE = "The cube is shown only: nobody doubles here."


def begin(state: State) -> Step:
    """Return the first effects: a game begins."""
    return _settled(state, [StartGame()])


def update(state: State, event: Event) -> Step:
    """Return the state after an event, and what is to be done in the world."""
    if isinstance(event, Tick):
        return _tick(state, event.ms)
    if isinstance(event, Leave):
        return state, [Close()]
    if isinstance(event, Press | OtherPress | Key):
        state = replace(state, flight=None)
    state, effects = _event(state, event)
    return _settled(state, effects)


def _settled(state: State, effects: list[Effect]) -> Step:
    state, more = update_game.settle(state)
    if state.touch is not None and (state.moving is None or not state.on_board):
        state = replace(state, touch=None)
    state, wanted = update_opinions.wonder(state)
    state, looks = update_units.wonder(state)
    return state, [*effects, *more, *wanted, *looks]


def _tick(state: State, ms: float) -> Step:
    if state.flight is not None:
        state = fly(state, ms)
        return (state, []) if state.flight is not None else _settled(state, [])
    if state.hold <= 0 or not state.on_board or state.paused:
        return state, []
    state = replace(state, hold=max(state.hold - max(ms, 0.0), 0.0))
    return (state, []) if state.hold else _settled(state, [])


def _event(state: State, event: Event) -> Step:
    if isinstance(event, Press | Drag | Hover):
        state = update_units.point(state, event.target)
    match event:
        case Press():
            return _press(state, event)
        case Drag():
            return update_moves.drag(state, event.target, event.at)
        case Release():
            return update_moves.release(state, event.target)
        case OtherPress():
            return _other_press(state, event.target)
        case Wheel():
            return _wheel(state, event.steps)
        case Key():
            return _key(state, event.name)
        case Text():
            asked = page(state)
            return dialogs.type_text(state, asked, event.text) if asked else (state, [])
        case _:
            return _answer(state, event)


def _answer(state: State, event: Event) -> Step:
    """Take what came back from the world."""
    match event:
        case Thrown():
            return update_game.thrown(state, event)
        case AgentPlayed():
            return update_game.agent_played(state, event)
        case Ranked():
            here = state.opinions.asked_rank
            state = update_opinions.ranked(state, event)
            answered = here is not None and here[0] == event.request and here[1] == state.here
            waits = answered and state.confirming and state.on_board
            return update_moves.judged(state) if waits else (state, [])
        case Chances():
            asked = state.opinions.asked_chances
            state = update_opinions.chances(state, event)
            answered = asked is not None and asked[0] == event.request and asked[1] == state.here
            return dialogs_game.answer_offer(state) if answered and state.offer else (state, [])
        case UnitsSeen():
            return update_units.seen(state, event), []
        case Seated():
            return _seated(state, event)
        case Pasted():
            return update_positions.pasted(state, event)
        case Loaded():
            return update_positions.loaded(state, event)
        case SeedIs():
            return update_game.seed_is(state, event)
        case Told():
            return update_positions.told(state, event)
        case _:
            return state, []


def _seated(state: State, event: Seated) -> Step:
    """Let others sit down; whoever is on roll and new begins his turn anew."""
    before, player = state.agents, state.game.player
    # A person who stays keeps the name he has chosen.
    names = tuple(old if was is None is now else new for was, now, old, new in
                  zip(before, event.agents, state.names, event.names, strict=True))
    state = replace(state, agents=event.agents, names=(names[0], names[1]))
    if event.agents == before:
        return state, []
    state = replace(state, paused=False, units=None,
                    message=f"{update_game.says(names[0], 'play')} {names[1]}.")
    if player is not None and event.agents[player] != before[player]:
        state = update_game.between_turns(state)
    opponent = event.agents[1]
    if opponent is None or event.agents[0] is not None:
        return state, []
    name, _, plies = opponent.rpartition(":")
    if name and plies in ("0", "1", "2"):
        settings = replace(state.settings, opponent=name, ply=int(plies))
    else:
        settings = replace(state.settings, opponent=opponent, ply=0)
    return replace(state, settings=settings), [Remember(settings)]


# ---- mouse and keys


def _free(state: State) -> bool:
    return state.dialog is None and state.editing is None


def _wheel(state: State, steps: int) -> Step:
    """Go back and forth in the list of plays, where there is one to be seen."""
    listed = state.settings.panel or state.hints or state.review is not None
    return update_review.steps(state, steps) if listed and _free(state) else (state, [])


def _press(state: State, event: Press) -> Step:
    target = event.target
    asked = page(state)
    if asked is not None:
        chosen = target.kind == "choice"
        return dialogs.choose(state, asked, target.index) if chosen else (state, [])
    match target.kind:
        case "button":
            return command(state, target.name)
        case _ if state.editing is not None:
            return update_positions.edit_press(state, target, other=False)
        case "row":
            return update_review.row(state, target.index)
        case "hint":
            return update_opinions.choose_hint(state, target.index)
        case "cube":
            return replace(state, message=_CUBE), []
        case "dice" if state.review is None:
            return _dice(state)
        case "spot" if state.review is None:
            return _touch(state, event)
    return state, []


def _dice(state: State) -> Step:
    """A click on the dice rolls, confirms, or swaps them, whichever can be done."""
    if state.hold > 0:
        return replace(state, hold=0.0), []
    if state.moving is None:
        return update_game.roll(state)
    return update_moves.confirm(state) if state.moving.complete else update_moves.swap(state)


def _touch(state: State, event: Press) -> Step:
    effects: list[Effect] = []
    if state.hold > 0 and not state.announced:
        # Whoever touches a checker has seen the opening roll.
        state, effects = update_game.settle(replace(state, hold=0.0))
    state, more = update_moves.touch(state, event.target.index, event.at)
    return state, effects + more


def _other_press(state: State, target: Target) -> Step:
    if state.dialog is not None:
        return state, []
    if state.editing is not None:
        return update_positions.edit_press(state, target, other=True)
    return update_moves.swap(state) if state.review is None else (state, [])


def _key(state: State, name: str) -> Step:
    asked = page(state)
    if asked is not None:
        if name == "ctrl+q":
            return state, [Close()]
        if name == "ctrl+v" and state.dialog is not None and state.dialog.typed is not None:
            return update_positions.paste(state)
        return dialogs.press_key(state, asked, name)
    if state.hints and name in ("1", "2", "3", "4", "5"):
        return update_opinions.choose_hint(state, int(name) - 1)
    found = by_key(name, state.editing is not None)
    if name == "escape" and state.editing is None and state.review is None:
        return replace(state, hints=False, chosen=None, touch=None, units=None, message=""), []
    # The key of what is done next in a turn: both do what there is to do.
    if found is not None and found.name in ("roll", "confirm") and state.moving is not None:
        found = BY_NAME["confirm"]
    elif found is not None and found.name == "confirm" and state.game.end is not None:
        found = BY_NAME["next"]
    elif found is not None and found.name == "confirm":
        found = BY_NAME["roll"]
    return command(state, found.name) if found is not None else (state, [])
