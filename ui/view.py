"""What the board window shows, as plain data: made by ``ui.showing``, drawn by ``ui.draw``.

Player 0 is the near one, at the bottom; player 1 the far one, at the top. A spot is a place for
checkers, numbered from the near player: 0-23 are his points 1-24, then both bars and both trays.
Nothing here knows pixels or pygame.
"""

from __future__ import annotations

from dataclasses import dataclass

NEAR, FAR = 0, 1
Spot = int
BARS: tuple[Spot, Spot] = (24, 25)
TRAYS: tuple[Spot, Spot] = (26, 27)
SPOTS = 28


@dataclass(frozen=True)
class Target:
    """Something under the pointer: a ``kind`` and which one.

    ``kind`` is "spot" (``index`` a spot), "dice" (``index`` the player on whose side they lie),
    "cube", "button" (``name`` of a command), "choice" (``index`` in the dialog's choices), "field"
    (the dialog's text), "row" (``index`` in the panel's list of plays), "hint" (``index`` in the
    panel's hints), "dialog" (its background) or "nothing".
    """

    kind: str
    index: int = -1
    name: str = ""


NOTHING = Target("nothing")


@dataclass(frozen=True)
class Die:
    """A die that lies on the board: 1-6, or 0 for one not thrown yet; dimmed once it is used."""

    value: int
    used: bool = False


@dataclass(frozen=True)
class Flying:
    """A checker on its way: whose, between which spots, how far (0 to 1).

    It is counted at neither spot.
    """

    owner: int
    source: Spot
    target: Spot
    progress: float


@dataclass(frozen=True)
class Lifted:
    """A checker held by the pointer: whose, from where (not counted there), at which pixel."""

    owner: int
    source: Spot
    at: tuple[int, int]


@dataclass(frozen=True)
class Arrow:
    """A move of a hinted play; ``rank`` 0 is the best play. ``owner`` makes it."""

    owner: int
    source: Spot
    target: Spot
    rank: int


@dataclass(frozen=True)
class Button:
    """A command at the edge of the board: its name, what stands on it, its key.

    ``on``: what it switches is on; ``next``: it is what comes next in a turn.
    """

    name: str
    label: str
    key: str
    enabled: bool = True
    on: bool = False
    next: bool = False


@dataclass(frozen=True)
class HintRow:
    """One play of a list of hints, the mover's chances; ``behind`` is negative or 0."""

    text: str
    equity: float
    behind: float
    win: float
    win_gammon: float
    lose_gammon: float
    played: bool = False


@dataclass(frozen=True)
class PlayRow:
    """One turn in the list of plays; ``cost`` in points where it was judged, a mistake if large."""

    number: int
    player: int
    text: str
    cost: float | None = None


@dataclass(frozen=True)
class Panel:
    """The analysis beside the board.

    ``win``: the near player's chance to win and to win and lose gammons, or ``None`` if unknown;
    ``curve``: (turn, equity of the near player) of the game so far; ``rows``: all turns;
    ``current``: the row shown on the board, ``None`` for the present; ``hints``: of the position
    shown, the best first; ``chosen``: the hint whose arrows alone are shown, ``None`` for all.
    ``busy``: what is being thought about, "" for nothing.
    """

    win: tuple[float, float, float] | None
    curve: tuple[tuple[int, float], ...]
    rows: tuple[PlayRow, ...]
    current: int | None
    hints: tuple[HintRow, ...]
    chosen: int | None = None
    busy: str = ""


@dataclass(frozen=True)
class Choice:
    """An answer in a dialog: what stands on it, its key, whether it is the usual or present one."""

    label: str
    key: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Dialog:
    """A question or a text over the board.

    ``lines``: the text; a line with a tab is a table's row, its columns aligned. ``choices``: the
    answers, in rows that wrap. ``field``: what has been typed, ``None`` for no field.
    ``name`` says which one it is.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    field: str | None = None
    error: str = ""


@dataclass(frozen=True)
class Sight:
    """What a unit of a convolutional net sees; points are the near player's, 0-23.

    ``unit``: its own; ``used``: those whose checkers count for it; ``holes``: those between these
    that do not. ``open``: how far the gates at each point are open (0 to 1), or empty.
    """

    unit: Spot
    used: tuple[Spot, ...]
    holes: tuple[Spot, ...] = ()
    open: tuple[float, ...] = ()


@dataclass(frozen=True)
class View:
    """Everything the window shows; two equal views look the same.

    ``counts``: checkers of each player at each spot, [2][28], without those flying or lifted
    (a player's own bar and tray alone of the last four). ``dice``: those on each player's side,
    near and far. ``cube``: its value and who holds it (``None``: the middle). ``lit``: spots where
    the touched checker may go. ``movable``: spots a checker may leave now. ``pips`` of both;
    ``score`` of both; ``length`` of the match, 0 for money. ``on_roll``: whose turn, ``None`` when
    the game is over. ``message``: the line under the board. ``editing``: the position is being set
    up. ``units``: what a unit of a net sees, ``None`` if that is not shown. ``show_pips``: whether
    the pip counts are to be seen. ``ready``: the play is complete, and a click on the dice
    confirms it.
    """

    counts: tuple[tuple[int, ...], tuple[int, ...]]
    dice: tuple[tuple[Die, ...], tuple[Die, ...]]
    cube: tuple[int, int | None]
    names: tuple[str, str]
    score: tuple[int, int]
    length: int
    pips: tuple[int, int]
    on_roll: int | None
    crawford: bool = False
    flying: tuple[Flying, ...] = ()
    lifted: Lifted | None = None
    movable: tuple[Spot, ...] = ()
    lit: tuple[Spot, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    buttons: tuple[Button, ...] = ()
    message: str = ""
    panel: Panel | None = None
    dialog: Dialog | None = None
    editing: bool = False
    theme: str = "light"
    home_right: bool = True
    units: Sight | None = None
    show_pips: bool = True
    ready: bool = False
