"""The dialogs about the window and its files: menu, help, settings, tutor's amount, save, load."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ui import update_positions
from ui.commands import COMMANDS, FILES, GAME, LOOK, PLAY, SETUP, WINDOW, enabled
from ui.dialogs import Option, Page, cancel, enter, opening, wrong
from ui.events import Remember
from ui.settings import PLIES, SPEEDS, THEMES, Settings
from ui.state import NOT_AHEAD, Opinions, State, Step
from ui.text_size import key_text
from ui.view import FAR, NEAR

AMOUNTS = (None, 0.02, 0.04, 0.08, 0.16)
LONGEST_NAME = 30
HELP_PARTS = (
    ("Playing", (PLAY, LOOK)), ("Games and files", (GAME, FILES)), ("Window", (WINDOW, SETUP)))
_SETTING_UP = 2
# What the mouse does that no button does; with it the command that does the same by keys.
_MOUSE = {
    PLAY: ("Click\tMove\ta checker moves with the first die (or: Type a play)",
           "Drag\tMove\tto any point that lights up (or: Type a play)"),
    SETUP: ("Click\tPut\ta near checker more, or a far one less",
            "Right click\tPut\ta far checker more, or a near one less; on a tray: all off"),
}
_NOT_IN_MENU = ("menu", "confirm", "roll", "undo", "edit_done")


# ---- settings


def remember(state: State, settings: Settings) -> Step:
    """Change the settings, and have them written."""
    return replace(state, settings=settings), [Remember(settings)]


def theme(state: State) -> Step:
    """Change between light and dark."""
    now = state.settings.theme
    return remember(state, replace(state.settings, theme=_after(THEMES, now)))


def side(state: State) -> Step:
    """Put the home boards on the other side."""
    return remember(state, replace(state.settings, home_right=not state.settings.home_right))


def speed(state: State) -> Step:
    """Choose the next speed of the moving checkers."""
    chosen = _after(SPEEDS, state.settings.speed)
    state = replace(state, flight=None, message=f"Speed of the checkers: {chosen}.")
    return remember(state, replace(state.settings, speed=chosen))


def auto_roll(state: State) -> Step:
    """Throw the dice without being asked, or no longer."""
    return remember(state, replace(state.settings, auto_roll=not state.settings.auto_roll))


def pips(state: State) -> Step:
    """Show or hide the pip counts."""
    return remember(state, replace(state.settings, pips=not state.settings.pips))


def panel(state: State) -> Step:
    """Show or hide the analysis."""
    return remember(state, replace(state.settings, panel=not state.settings.panel))


def _after(values: tuple[str, ...], value: str) -> str:
    at = values.index(value) if value in values else -1
    return values[(at + 1) % len(values)]


def settings_page(state: State) -> Page:
    """Show every setting; a choice changes it."""
    now = state.settings
    tutor = "off" if now.tutor is None else f"from {now.tutor:g} points"
    changes = (
        (f"Theme: {now.theme}", theme),
        (f"Home boards: {'right' if now.home_right else 'left'}", side),
        (f"Speed: {now.speed}", speed),
        (f"Auto roll: {_on(now.auto_roll)}", auto_roll),
        (f"Pip counts: {_on(now.pips)}", pips),
        (f"Analysis: {_on(now.panel)}", panel),
    )

    def changed(state: State, change: partial[Step]) -> Step:
        state, effects = change(state)
        return opening("settings")(state)[0], effects
    options = [Option(label, partial(changed, change=partial(act))) for label, act in changes]
    return Page("Settings", (), (
        *options, Option(f"Tutor: {tutor}", opening("amount")),
        Option(f"Analyst: {now.analyst}, {now.analyst_ply}-ply", opening("analyst")),
        Option("Names", opening("names")), cancel("Close")))


def _on(value: bool) -> str:
    return "on" if value else "off"


def amount_page(state: State) -> Page:
    """Ask how costly a play must be to be questioned."""
    def choose(state: State, amount: float | None) -> Step:
        return remember(replace(state, confirming=False), replace(state.settings, tutor=amount))
    options = [Option("Off" if a is None else f"{a:g}", partial(choose, amount=a),
                      marked=a == state.settings.tutor) for a in AMOUNTS]
    return Page("Tutor", ("Question a play that costs more points than:",), (*options, cancel()))


def analyst_page(state: State) -> Page:
    """Ask whose opinion is asked; with it all opinions change."""
    def choose(state: State, name: str, plies: int) -> Step:
        settings = replace(state.settings, analyst=name, analyst_ply=plies)
        return remember(replace(state, opinions=Opinions(), confirming=False, offer=None), settings)
    now = state.settings.analyst, state.settings.analyst_ply
    options = [Option(f"{name}, {n}-ply", partial(choose, name=name, plies=n),
                      marked=(name, n) == now)
               for name in state.known if ":" not in name and name not in NOT_AHEAD
               for n in PLIES]
    return Page("Analyst", ("Who gives hints, judges plays and knows chances:",),
                (*options, cancel()))


def names_page(state: State) -> Page:
    """Ask which side is to be called otherwise."""
    options = [Option(f"{label}: {state.names[seat]}", opening("name", field=True, data=seat))
               for seat, label in ((FAR, "Far side"), (NEAR, "Near side"))
               if state.agents[seat] is None]
    return Page("Names", (), (*options, cancel("Close")))


def name_page(state: State) -> Page:
    """Ask for the name of a person."""
    assert state.dialog is not None, "the page belongs to a dialog"
    seat: int = state.dialog.data

    def call(now: State, text: str) -> Step:
        name = " ".join(text.split())
        if not name or len(name) > LONGEST_NAME:
            return wrong(now, f"type a name of 1 to {LONGEST_NAME} characters")
        names = (name, now.names[1]) if seat == NEAR else (now.names[0], name)
        now = replace(now, dialog=None, names=names)
        return remember(now, replace(now.settings, name=name)) if seat == NEAR else (now, [])
    return Page("Name", (f"What is {state.names[seat]} to be called?",),
                (enter(state, "Call so", call), cancel()), call)


# ---- help


def help_page(state: State) -> Page:
    """List the commands of one part of the help with their keys, and what the mouse does."""
    assert state.dialog is not None, "the page belongs to a dialog"
    asked = state.dialog.data
    part = asked if asked is not None else _SETTING_UP if state.editing is not None else 0
    lines: list[str] = []
    for group in HELP_PARTS[part][1]:
        lines += [*[""] * bool(lines), group]
        lines += _MOUSE.get(group, ())
        lines += [f"{keys_text(command.keys)}\t{command.label}\t{command.help}"
                  for command in COMMANDS if command.group == group]
    parts = [Option(name, opening("help", data=n), marked=n == part)
             for n, (name, _) in enumerate(HELP_PARTS)]
    return Page("Help", tuple(lines), (*parts, cancel("Close")))


def keys_text(keys: tuple[str, ...]) -> str:
    """Return the keys of a command as they stand in the help.

    >>> keys_text(("end", "escape"))
    'End or Esc'
    """
    return " or ".join(key_text(key) for key in keys)


# ---- files


def save_page(state: State) -> Page:
    """Ask for the file to write."""
    again = [] if not state.path else [
        Option(state.path, lambda now: update_positions.save_as(now, now.path), "f2")]
    return Page("Save", (f"The name of the file ({update_positions.SUFFIX}):",),
                (enter(state, "Save", update_positions.save_as), *again, cancel()),
                submit=update_positions.save_as)


def load_page(state: State) -> Page:
    """Ask for the file to read."""
    return Page("Load", ("The name of a .mat file:",),
                (enter(state, "Load", update_positions.load_from), cancel()),
                submit=update_positions.load_from)


def overwrite_page(state: State) -> Page:
    """Ask whether an existing file may be overwritten."""
    assert state.dialog is not None, "the page belongs to a dialog"
    path: str = state.dialog.data
    return Page("Overwrite?", (f"{path} exists already.",), (
        Option("Overwrite", lambda now: update_positions.overwrite(now, path), "o"),
        Option("Another name", opening("save", field=True), "a", True), cancel()))


PAGES = {
    "settings": settings_page, "amount": amount_page, "analyst": analyst_page,
    "names": names_page, "name": name_page, "help": help_page,
    "save": save_page, "load": load_page, "overwrite": overwrite_page,
}


def menu_names(state: State) -> tuple[str, ...]:
    """Return the names of the commands the menu offers now."""
    return tuple(command.name for command in COMMANDS
                 if command.group != SETUP and command.name not in _NOT_IN_MENU
                 and enabled(state, command.name))
