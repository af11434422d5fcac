"""Every command of the board window: its name, what stands on its button, its keys, its help.

Buttons, keys, the menu and the help screen are all made from this one table.
"""

from __future__ import annotations

from dataclasses import dataclass

from ui.state import State


@dataclass(frozen=True)
class Command:
    """A command. ``keys``: the first is the one that is shown. ``group``: where help lists it."""

    name: str
    label: str
    keys: tuple[str, ...]
    help: str
    group: str


PLAY, LOOK, GAME, FILES, WINDOW, SETUP = (
    "Playing", "Looking", "Games", "Positions and files", "Window", "Setting up")

COMMANDS: tuple[Command, ...] = (
    Command("roll", "Roll", ("space",), "throw the dice (or click on them)", PLAY),
    Command("confirm", "Done", ("return",), "confirm a complete play (or click on the dice)", PLAY),
    Command("undo", "Undo", ("backspace",), "take back one move", PLAY),
    Command("undo_all", "Undo all", ("delete",), "take back the whole play", PLAY),
    Command("swap", "Swap dice", ("d",), "use the other die first (or right click)", PLAY),
    Command("type", "Type a play", ("w",), "write the play down instead of moving it", PLAY),
    Command("hint", "Hint", ("h",), "the five best plays, with arrows", LOOK),
    Command("next_hint", "Next hint", ("tab",), "show one hint alone, then the next (or click)",
            LOOK),
    Command("tutor", "Tutor", ("t",), "how costly a play must be to be questioned", LOOK),
    Command("panel", "Analysis", ("a",), "show or hide the analysis beside the board", LOOK),
    Command("judge", "Judge game", ("j",), "judge every play of the game", LOOK),
    Command("back", "Back", ("left",), "one turn back (or click on a turn, or the wheel)", LOOK),
    Command("forth", "Forth", ("right",), "one turn on", LOOK),
    Command("first", "Start", ("home",), "to the start of the game", LOOK),
    Command("present", "Present", ("end", "escape"), "to the present; Esc closes what is open",
            LOOK),
    Command("units", "What units see", ("u",), "what the units of a convolutional net see",
            LOOK),
    Command("next_unit", "Next unit", ("up",), "the unit of the next point (or point at one)",
            LOOK),
    Command("unit_before", "Unit before", ("down",), "the unit of the point before", LOOK),
    Command("next_layer", "Next layer", ("page up", "+"), "the next layer, further from the input",
            LOOK),
    Command("layer_before", "Layer before", ("page down", "-"), "one nearer to the input", LOOK),
    Command("next", "Next game", ("g",), "the next game of the match, when one is over", GAME),
    Command("new", "New", ("n",), "a new match, or games for money", GAME),
    Command("players", "Players", ("o",), "choose who plays on either side, and how strong", GAME),
    Command("resign", "Resign", ("r",), "give up a single game, a gammon or a backgammon", GAME),
    Command("pause", "Pause", ("p",), "stop and go on while two agents play", GAME),
    Command("dice", "Dice", ("i",), "the seed of the dice; rolls of your own dice", GAME),
    Command("save", "Save", ("ctrl+s",), "write the match to a .mat file", FILES),
    Command("load", "Load", ("ctrl+o",), "read a .mat file", FILES),
    Command("copy_id", "Copy Position ID", ("ctrl+c",), "copy the Position ID", FILES),
    Command("copy_xgid", "Copy XGID", ("ctrl+x",), "copy the XGID", FILES),
    Command("paste", "Paste position", ("ctrl+v",), "play on from a Position ID or XGID", FILES),
    Command("edit", "Set up", ("e",), "set up a position by hand", FILES),
    Command("menu", "Menu", ("m",), "all commands", WINDOW),
    Command("settings", "Settings", ("s",), "everything that is remembered", WINDOW),
    Command("theme", "Theme", ("l",), "light or dark", WINDOW),
    Command("side", "Side", ("b",), "home boards on the right or on the left", WINDOW),
    Command("speed", "Speed", ("v",), "how fast checkers move", WINDOW),
    Command("auto_roll", "Auto roll", ("y",), "throw the dice without being asked", WINDOW),
    Command("pips", "Pip counts", ("c",), "show or hide the pip counts", WINDOW),
    Command("names", "Names", ("k",), "what you are called", WINDOW),
    Command("help", "Help", ("f1", "?"), "this list", WINDOW),
    Command("quit", "Quit", ("ctrl+q",), "close the window", WINDOW),
    Command("edit_done", "Play", ("return",), "play on from the position", SETUP),
    Command("edit_opening", "Opening", ("home",), "put the checkers where a game begins", SETUP),
    Command("edit_clear", "Clear", ("delete",), "take all checkers off", SETUP),
    Command("edit_turn", "Turn", ("space",), "give the turn to the other side (or click on dice)",
            SETUP),
    Command("edit_cancel", "Cancel", ("escape",), "back to the game", SETUP),
)
BY_NAME = {command.name: command for command in COMMANDS}

# What can be done while a position is set up, too.
EVERYWHERE = ("help", "quit", "theme", "side", "paste", "copy_id")
_PLAYING = ("undo", "swap", "hint", "tutor", "panel", "new", "resign", "menu", "help")
_EDITING = ("edit_done", "edit_opening", "edit_clear", "edit_turn", "edit_cancel", "help")
_REVIEWING = ("first", "back", "forth", "present", "hint", "judge", "panel", "menu", "help")


def by_key(key: str, editing: bool) -> Command | None:
    """Return the command of a key, in the game or while a position is set up."""
    for command in COMMANDS:
        fits = command.group == SETUP or command.name in EVERYWHERE if editing \
            else command.group != SETUP
        if fits and key in command.keys:
            return command
    return None


def on_buttons(state: State) -> tuple[str, ...]:
    """Return the names of the commands that have a button now."""
    if state.editing is not None:
        return _EDITING
    if state.review is not None:
        return _REVIEWING
    if state.game.end is not None:
        return ("next", "first", "back", "judge", "panel", "new", "save", "menu", "help")
    if not state.has_person:
        return ("pause", "back", "panel", "new", "players", "menu", "help")
    return ("confirm" if state.game.roll else "roll", *_PLAYING)


def enabled(state: State, name: str) -> bool:
    """Say whether a command can be given now."""
    moving = state.moving
    match name:
        case "roll":
            return state.can_roll or state.hold > 0 or state.stalled
        case "confirm":
            return state.hold > 0 or moving is not None and moving.complete
        case "undo" | "undo_all":
            return moving is not None and bool(moving.made)
        case "swap":
            return moving is not None and not moving.is_double and not moving.complete
        case "type":
            return moving is not None and state.game.can_move
        case "hint":
            return state.review is not None or state.game.roll is not None
        case "next_hint":
            return state.hints
        case "next_unit" | "unit_before" | "next_layer" | "layer_before":
            return state.units is not None and bool(state.units.layers)
        case "judge":
            return any(turn.kind == "play" for turn in state.game.turns) or bool(state.games)
        case "back" | "first":
            return state.looked_at > (0, 0)
        case "forth" | "present":
            return state.review is not None
        case "next":
            return state.game.end is not None and not state.game.after.over
        case "resign":
            return state.has_person and state.game.end is None and state.game.player is not None
        case "pause":
            return not state.has_person
        case _:
            return True


def comes_next(state: State, name: str) -> bool:
    """Say whether a command is what a turn, or a match, goes on with."""
    moving, player = state.moving, state.game.player
    match name:
        case "roll":
            person = state.has_person if player is None else state.person_to_play
            return state.can_roll and person or state.stalled
        case "confirm":
            return moving is not None and moving.complete
        case "next":
            return enabled(state, name)
        case _:
            return name == "edit_done"


def pressed(state: State, name: str) -> bool:
    """Say whether what a command switches is on."""
    match name:
        case "hint":
            return state.hints
        case "panel":
            return state.settings.panel
        case "tutor":
            return state.settings.tutor is not None
        case "pause":
            return state.paused
        case "units":
            return state.units is not None
        case _:
            return False
