"""Views made by hand: positions in a few words, for pictures and for tests of what is drawn."""

from __future__ import annotations

from dataclasses import replace

from ui.commands import COMMANDS
from ui.view import (
    BARS,
    FAR,
    NEAR,
    SPOTS,
    TRAYS,
    Arrow,
    Button,
    Choice,
    Dialog,
    Die,
    Flying,
    HintRow,
    Lifted,
    Panel,
    PlayRow,
    View,
)

BUTTONS = tuple(Button(*words) for words in (
    ("roll", "Roll", "Space"), ("double", "Double", "D"), ("undo", "Undo", "U"),
    ("confirm", "Done", "Enter"), ("hint", "Hint", "H"), ("panel", "Analysis", "A"),
    ("new", "New game", "N"), ("resign", "Resign", "R"), ("settings", "Settings", "S"),
    ("save", "Save", "Ctrl+S"), ("setup", "Set up", "E"), ("help", "Help", "F1"),
))

START = {24: 2, 13: 5, 8: 3, 6: 5}


def counts(near: dict[int | str, int], far: dict[int | str, int]) -> tuple[tuple[int, ...], ...]:
    """Return the counts of a view; points are each player's own 1-24, and "bar" and "off".

    What is missing from fifteen checkers is off.
    """
    result = []
    for owner, places in ((NEAR, near), (FAR, far)):
        row = [0] * SPOTS
        for place, number in places.items():
            if place == "bar":
                row[BARS[owner]] = number
            else:
                row[int(place) - 1 if owner == NEAR else 24 - int(place)] = number
        row[TRAYS[owner]] = 15 - sum(row)
        result.append(tuple(row))
    return result[0], result[1]


def pips(near: dict[int | str, int], far: dict[int | str, int]) -> tuple[int, int]:
    """Return the pip counts of both."""
    return tuple(sum((25 if place == "bar" else int(place)) * number
                     for place, number in side.items()) for side in (near, far))


def view(near: dict = START, far: dict = START, **changes: object) -> View:
    """Return a view of a position with the usual buttons."""
    plain = View(
        counts=counts(near, far), dice=((), ()), cube=(1, None), names=("Ann", "pretrained 1-ply"),
        score=(0, 0), length=0, pips=pips(near, far), on_roll=NEAR, buttons=BUTTONS,
    )
    return replace(plain, **changes)


def with_buttons(enabled: str) -> tuple[Button, ...]:
    """Return the usual buttons, only those named to be pressed."""
    return tuple(replace(button, enabled=button.name in enabled) for button in BUTTONS)


def opening(**changes: object) -> View:
    """Return the starting position with a roll of 3-1 and the checkers that may move."""
    shown = view(dice=((Die(3), Die(1)), ()), movable=(23, 12, 7, 5),
                 buttons=with_buttons("undo hint panel new resign settings save setup help"),
                 message="3-1: your turn. Drag a checker, or click it.", length=5)
    return replace(shown, **changes)


def on_the_bar() -> View:
    """Return a hit: checkers of both sides on the bar, one die used, one checker in the air."""
    near = {"bar": 2, 20: 1, 13: 4, 8: 3, 6: 3, 5: 2}
    far = {"bar": 1, 24: 2, 13: 4, 8: 3, 6: 4}
    both = counts(near, far)
    far_row = list(both[FAR])
    far_row[TRAYS[FAR]] -= 1
    return view(near, far, counts=(both[NEAR], tuple(far_row)), on_roll=FAR,
                dice=((), (Die(6, used=True), Die(4))), score=(3, 4), length=5, crawford=True,
                flying=(Flying(FAR, 12, 5, 0.45),), cube=(1, None),
                message="pretrained 1-ply plays bar/19 13/9*",
                buttons=with_buttons("panel settings help"))


def bearing_off() -> View:
    """Return the end of a race: tall stacks, trays filling, the cube held, dice to be thrown."""
    return view({1: 7, 2: 3}, {6: 1, 3: 2, 2: 1, 1: 6}, dice=((Die(0), Die(0)), ()), cube=(4, FAR),
                score=(12, 9), length=21, message="Click the dice to roll.",
                buttons=with_buttons("roll panel settings help resign hint"))


HINTS = (
    HintRow("8/5 6/5", 0.159, 0.0, 0.551, 0.171, 0.124),
    HintRow("24/23 13/10", -0.009, -0.168, 0.498, 0.136, 0.128, played=True),
    HintRow("24/20", -0.012, -0.171, 0.497, 0.131, 0.125),
    HintRow("13/10 6/5", -0.021, -0.180, 0.493, 0.151, 0.147),
    HintRow("24/21 24/23", -0.044, -0.203, 0.488, 0.126, 0.124),
)


def hints() -> View:
    """Return the opening with five hints and their arrows, and the panel open."""
    moves = ((7, 4, 0), (5, 4, 0), (23, 22, 1), (12, 9, 1), (23, 19, 2), (12, 9, 3), (5, 4, 3),
             (23, 20, 4), (23, 22, 4))
    panel = Panel((0.551, 0.171, 0.124), ((0, 0.03), (1, 0.159)),
                  (PlayRow(1, FAR, "31: 8/5 6/5", 0.0),), None, HINTS)
    return opening(arrows=tuple(Arrow(NEAR, *move) for move in moves), panel=panel)


_TEXTS = ("31: 8/5 6/5", "64: 24/14", "52: 13/8 24/22*", "66: 24/18(2) 13/7(2)", "41: bar/24 13/9",
          "63: 16/7", "55: 13/3(2)", "21: no play")


def panel(current: int | None = 21, turns: int = 34) -> Panel:
    """Return a panel in the midst of a long game."""
    curve = tuple((n, 0.9 * ((n * 7919) % 23 / 11 - 1) * min(1, n / 12) + 0.01 * n)
                  for n in range(turns + 1))
    rows = tuple(PlayRow(n, n % 2, _TEXTS[n % len(_TEXTS)],
                         (0.0, 0.013, None, 0.047, 0.213)[n % 5]) for n in range(1, turns + 1))
    return Panel((0.634, 0.213, 0.087), curve, rows, current, HINTS, chosen=1)


def analysis(**changes: object) -> View:
    """Return a game looked back at: the panel with its curve, hints and plays."""
    near = {"bar": 1, 20: 2, 13: 3, 8: 4, 6: 3, 5: 2}
    far = {24: 1, 22: 1, 13: 5, 8: 2, 7: 2, 6: 4}
    shown = view(near, far, dice=((Die(5), Die(5), Die(5, True), Die(5, True)), ()), cube=(2, NEAR),
                 score=(1, 2), length=7, panel=panel(), arrows=(Arrow(NEAR, 24, 19, 1),
                                                               Arrow(NEAR, 12, 7, 1)),
                 message="Turn 22 of 34")
    return replace(shown, **changes)


def tutor(**changes: object) -> View:
    """Return the tutor's question over the board."""
    question = Dialog(
        "tutor", "Is this really your play?",
        ("24/23 13/10 costs 0.168 points. Better would have been:", "",
         "play\tequity\twin\tgammon", "8/5 6/5\t+0.159\t55.1 %\t17.1 %",
         "24/20\t−0.012\t49.7 %\t13.1 %", "24/23 13/10 (yours)\t−0.009\t49.8 %\t13.6 %"),
        (Choice("Take it back", "U", marked=True), Choice("Show me", "H"),
         Choice("Play it anyway", "Enter")),
    )
    return opening(dialog=question, **changes)


def game_over(**changes: object) -> View:
    """Return the end of a game, with what can be done next."""
    over = Dialog(
        "over", "You win a gammon: 4 points",
        ("The match stands 7 to 2 after four games.", "Match to 11",
         "The dice of this game came from the seed 7305114982: they can be checked."),
        (Choice("Next game", "Enter", marked=True), Choice("Look at the game", "A"),
         Choice("Save", "Ctrl+S"), Choice("Close", "Esc")),
    )
    shown = view({}, {19: 3, 13: 2, 8: 3, 6: 5, 3: 2}, on_roll=None, dialog=over, score=(7, 2),
                 length=11, cube=(2, FAR), message="Game over")
    return replace(shown, **changes)


def setting_up(**changes: object) -> View:
    """Return a position being set up."""
    buttons = tuple(Button(*words) for words in (
        ("clear", "Clear", "C"), ("start", "Start", "I"), ("turn", "Turn", "T"),
        ("dice", "Dice", "D"), ("cube", "Cube", "2"), ("paste", "Paste", "Ctrl+V"),
        ("play", "Play on", "Enter"), ("leave", "Leave", "Esc")))
    near = {24: 1, 18: 2, 13: 4, 8: 3, 6: 3}
    far = {"bar": 1, 24: 1, 13: 5, 8: 3, 6: 4}
    shown = view(near, far, editing=True, buttons=buttons, on_roll=NEAR,
                 message="Click a point to put checkers there, right click for the other side.")
    return replace(shown, **changes)


def lifted(**changes: object) -> View:
    """Return a checker in the hand and the points it may go to lit."""
    shown = opening(**changes)
    row = list(shown.counts[NEAR])
    row[12] -= 1
    return replace(shown, counts=(tuple(row), shown.counts[FAR]), lit=(11, 9, 8), movable=(),
                   lifted=Lifted(NEAR, 12, (330, 330)))


def help_page(**changes: object) -> View:
    """Return the help: every command with its keys, by groups."""
    lines: list[str] = []
    group = ""
    for command in COMMANDS:
        if group != command.group:
            lines += [""] * bool(lines) + [command.group]
        group = command.group
        lines.append(f"{', '.join(command.keys)}\t{command.label}\t{command.help}")
    return opening(dialog=Dialog("help", "Help", tuple(lines), (Choice("Close", "Esc", True),)),
                   **changes)


def ask_name(**changes: object) -> View:
    """Return a dialog with a field and an error."""
    return opening(dialog=Dialog(
        "save", "Save as", ("A file that ends in .mat:",),
        (Choice("Save", "Enter", True), Choice("Cancel", "Esc")), "games/monday.mat",
        "games/monday.mat: there is such a file already; another name, or Save again"), **changes)
