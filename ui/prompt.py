"""The line under the board when nothing else has to be told: what can be done now."""

from __future__ import annotations

from ui import setup
from ui.commands import BY_NAME
from ui.showing_panel import roll_text, text
from ui.state import State
from ui.text_size import key_text
from ui.units import words
from ui.update_game import says, won
from ui.update_units import position

_COUNT = ("no", "one", "two", "three", "four")
_SPACE, _ENTER, _BACK = (key_text(BY_NAME[name].keys[0]) for name in ("roll", "confirm", "undo"))


def prompt(state: State) -> str:
    """Return the line under the board when nothing else has to be told."""
    game, names = state.game, state.names
    if state.editing is not None:
        return setup.HELP
    if state.units is not None:
        return _of_units(state)
    if state.review is not None:
        game_number, turn = state.review
        of = f"game {game_number + 1}, " if len(state.records) > 1 else ""
        return f"Looking back: {of}before turn {turn + 1}. Esc leads to the present."
    if game.end is not None:
        winner, level = game.end
        return f"{says(names[winner], 'win')} {won(level)}."
    if state.paused:
        return "Paused; P goes on."
    if game.player is None:
        thrown = state.throwing is not None
        return "" if thrown else f"Click the dice or press {_SPACE} to throw for the opening."
    name = names[game.player]
    if state.agents[game.player] is not None:
        return f"{says(name, 'think')}." if state.asked is not None else ""
    if game.roll is None:
        return f"{whose(name)} turn: click the dice or press {_SPACE} to throw."
    return _to_move(state, name)


def _of_units(state: State) -> str:
    """Say what the unit that is shown sees, in the numbers of who is on roll."""
    assert state.units is not None, "they are shown"
    here = position(state)
    name = state.names[here[1]]
    return f"{words(state.units, here, 'your' if name == 'You' else whose(name))}."


def whose(name: str) -> str:
    """Return the possessive of a name.

    >>> whose("You"), whose("Ann")
    ('Your', "Ann's")
    """
    return "Your" if name == "You" else f"{name}'s"


def _to_move(state: State, name: str) -> str:
    """Say what a person with a roll can do."""
    moving, roll = state.moving, state.game.roll
    assert roll is not None, "a person has a roll"
    told = f"{whose(name)} {roll_text(roll)}"
    if moving is None:
        return f"{told}."
    if moving.complete:
        short = [str(die) for die in dict.fromkeys(moving.left)]
        rest = f"No legal {' or '.join(short)}. " if short else ""
        return f"{rest}Click the dice or press {_ENTER} to confirm; {_BACK} takes back."
    if not moving.made:
        before = _last_play(state)
        what = "enter from the bar" if 24 in moving.sources else "click or drag a checker"
        return f"{before}{told}: {what}."
    if not moving.is_double:
        return f"{told}: now the {moving.left[0]}."
    left = moving.length - len(moving.made)
    return f"{told}: {_COUNT[left]} more {'moves' if left > 1 else 'move'}."


def _last_play(state: State) -> str:
    """Return what the opponent has just played, as a sentence, "" for nothing."""
    turns = state.game.turns
    last = turns[-1] if turns else None
    if last is None or last.roll is None or last.play is None or last.player == state.game.player:
        return ""
    name, roll = state.names[last.player], roll_text(last.roll)
    if not last.play.moves:
        return f"{name} could not move with {roll}. "
    return f"{name} played {roll}: {text(last.play)}. "
