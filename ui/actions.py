"""What every command of ``ui.commands`` does, and the page of every dialog."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ui import (
    dialogs,
    dialogs_dice,
    dialogs_game,
    dialogs_window,
    update_game,
    update_moves,
    update_opinions,
    update_positions,
    update_review,
    update_units,
)
from ui.commands import BY_NAME, EVERYWHERE, enabled
from ui.dialogs import Option, Page, cancel, opening
from ui.events import Close
from ui.state import Action, State, Step
from ui.view import Dialog


def command(state: State, name: str) -> Step:
    """Do what a command says, if it can be done now."""
    if name not in ACTIONS or not enabled(state, name):
        return state, []
    editing = state.editing is not None
    if name.startswith("edit_") != editing and name not in EVERYWHERE:
        return state, []
    if state.review is not None and name in _PRESENT_ONLY:
        # What is meant for the present first shows it.
        return update_review.present(state)
    return ACTIONS[name](state)


_PRESENT_ONLY = ("roll", "confirm", "undo", "undo_all", "swap", "type")


def _pause(state: State) -> Step:
    paused = not state.paused
    return replace(state, paused=paused, message="Paused." if paused else ""), []


def _quit(state: State) -> Step:
    return state, [Close()]


def _save(state: State) -> Step:
    return opening("save", field=True)(state)


ACTIONS: dict[str, Action] = {
    "roll": update_game.roll, "confirm": update_moves.confirm, "undo": update_moves.undo,
    "undo_all": update_moves.undo_all, "swap": update_moves.swap,
    "type": opening("type", field=True), "hint": update_opinions.hint,
    "next_hint": update_opinions.next_hint, "tutor": opening("amount"),
    "panel": dialogs_window.panel, "judge": update_opinions.judge, "back": update_review.back,
    "forth": update_review.forth, "first": update_review.first,
    "present": update_review.present, "units": update_units.units,
    "next_unit": update_units.next_unit, "unit_before": update_units.unit_before,
    "next_layer": update_units.next_layer, "layer_before": update_units.layer_before,
    "next": update_game.next_game,
    "new": opening("new", field=True), "players": opening("players"),
    "resign": opening("resign"), "pause": _pause, "dice": update_game.ask_seed, "save": _save,
    "load": opening("load", field=True), "copy_id": update_positions.copy_id,
    "copy_xgid": update_positions.copy_xgid, "paste": update_positions.paste,
    "edit": update_positions.edit, "menu": opening("menu"), "settings": opening("settings"),
    "theme": dialogs_window.theme, "side": dialogs_window.side, "speed": dialogs_window.speed,
    "auto_roll": dialogs_window.auto_roll, "pips": dialogs_window.pips,
    "names": opening("names"), "help": opening("help"), "quit": _quit,
    "edit_done": update_positions.edit_done, "edit_opening": update_positions.edit_opening,
    "edit_clear": update_positions.edit_clear, "edit_turn": update_positions.edit_turn,
    "edit_cancel": update_positions.edit_cancel,
}


def _menu_page(state: State) -> Page:
    options = [Option(BY_NAME[name].label, partial(_from_menu, name=name), BY_NAME[name].keys[0])
               for name in dialogs_window.menu_names(state)]
    return Page("Menu", (), (*options, cancel("Close")))


def _from_menu(state: State, name: str) -> Step:
    return command(state, name)


_PAGES = {**dialogs_game.PAGES, **dialogs_dice.PAGES, **dialogs_window.PAGES, "menu": _menu_page}


def page(state: State) -> Page | None:
    """Return the page of the open dialog, ``None`` if there is none."""
    return None if state.dialog is None else _PAGES[state.dialog.name](state)


def dialog_shown(state: State) -> Dialog | None:
    """Return the open dialog as it is drawn."""
    asked = page(state)
    return None if asked is None or state.dialog is None else dialogs.shown(asked, state.dialog)
