"""The dialogs about dice: rolls of one's own dice, the seed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from engine.dice import parse_roll
from engine.errors import DiceError
from ui import update_game
from ui.dialogs import Option, Page, cancel, enter, wrong
from ui.events import Dice
from ui.state import Asking, State, Step


def roll_page(state: State) -> Page:
    """Ask for the roll of somebody's own dice."""
    game, names = state.game, state.names
    if game.player is None:
        line = f"The opening: one die of {names[0]}, then one of {names[1]}."
    else:
        line = f"{update_game.says(names[game.player], 'roll')}:"
    options = [Option(str(n), partial(_add_die, typed=state.dialog, die=n)) for n in range(1, 7)]

    def later(now: State) -> Step:
        return replace(now, dismissed=True, message="Space, or a click on the dice, asks again."), \
            []
    return Page("Your dice", (line, "Two dice from 1 to 6, as in 31."),
                (*options, Option("Later", later, "escape")), submit=_typed_roll,
                at_once=lambda text: len(text.strip()) >= 2, closed=later)


def _add_die(state: State, typed: Asking | None, die: int) -> Step:
    before = typed.typed if typed is not None and typed.typed else ""
    text = (before + str(die))[-2:]
    state = replace(state, dialog=Asking("roll", typed=text))
    return _typed_roll(state, text) if len(text) == 2 else (state, [])


def _typed_roll(state: State, text: str) -> Step:
    try:
        dice = parse_roll(text)
    except DiceError as error:
        return wrong(replace(state, dialog=Asking("roll", typed="")), str(error))
    if state.game.player is None and dice[0] == dice[1]:
        return wrong(replace(state, dialog=Asking("roll", typed="")),
                     "both threw the same; throw the opening again")
    return update_game.take_roll(replace(state, dialog=None), dice)


def dice_page(state: State) -> Page:
    """Show the seed of the dice when the game is over, and set where rolls come from."""
    asking = state.dialog
    seed = asking.data[0] if asking is not None and asking.data is not None else None
    if state.manual:
        lines = ["Every roll is asked from you."]
    elif state.game.end is None:
        lines = ["The seed of these dice is kept until the game is over;",
                 "then it is shown here, so that the game can be checked."]
    elif seed is None:
        lines = ["These dice have no seed."]
    else:
        lines = [f"Seed\t{seed}", f"This game\tthrows {state.game_began_at + 1} to {state.thrown}",
                 "The next game is thrown with another seed."]
    manual = Option("Throw for me", _throw_for_me) if state.manual else \
        Option("My own dice", _own_dice)
    return Page("Dice", (*lines, "A number typed here is the seed from now on."), (
        enter(state, "Use this seed", _typed_seed, marked=False), replace(manual, key="f2"),
        cancel("Close")), submit=_typed_seed)


def _own_dice(state: State) -> Step:
    return replace(state, manual=True, throwing=None, shown_seed=False), [Dice(manual=True)]


def _throw_for_me(state: State) -> Step:
    return replace(state, manual=False, dismissed=False, thrown=0, game_began_at=0), [Dice()]


def _typed_seed(state: State, text: str) -> Step:
    if not text.strip().isascii() or not text.strip().isdigit():
        return wrong(state, f"{text!r} is no seed; type a whole number from 0")
    state = replace(state, dialog=None, manual=False, dismissed=False, shown_seed=False, thrown=0,
                    game_began_at=0, message=f"The dice are thrown with seed {int(text)} now.")
    return state, [Dice(int(text))]


PAGES = {"roll": roll_page, "dice": dice_page}
