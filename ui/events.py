"""What can happen to the board window, and what it can ask of the world; plain data.

``ui.update.update(state, event)`` gives the next state and the list of effects. ``ui.app`` turns
what pygame says into events, carries the effects out, and feeds back what came of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.analysis import Choice
from agent.receptive_field import Layer
from engine.plays import Play
from engine.transcript import Transcript
from ui.settings import Settings
from ui.view import Target

Board = npt.NDArray[np.int8]
Roll = tuple[int, int]

# ---- from the person


@dataclass(frozen=True)
class Press:
    """The main button went down on a target, at a pixel."""

    target: Target
    at: tuple[int, int]


@dataclass(frozen=True)
class Drag:
    """The pointer moved with the main button down; what it is over now."""

    target: Target
    at: tuple[int, int]


@dataclass(frozen=True)
class Hover:
    """The pointer moved with no button down; what it is over. Said only while units are shown."""

    target: Target


@dataclass(frozen=True)
class Release:
    """The main button went up over a target."""

    target: Target
    at: tuple[int, int]


@dataclass(frozen=True)
class OtherPress:
    """The right button went down on a target."""

    target: Target


@dataclass(frozen=True)
class Wheel:
    """The wheel turned over the list of plays: -1 back, +1 forth."""

    steps: int


@dataclass(frozen=True)
class Key:
    """A key: a lower-case name ("h", "left", "return", "escape", "backspace", "f1", "ctrl+c")."""

    name: str


@dataclass(frozen=True)
class Text:
    """Characters typed, when a dialog has a field."""

    text: str


@dataclass(frozen=True)
class Leave:
    """The window is to close."""


# ---- from the world


@dataclass(frozen=True)
class Tick:
    """Time has passed: milliseconds since the last tick."""

    ms: float


@dataclass(frozen=True)
class Thrown:
    """What ``Throw`` gave: for an opening the near player's die, then the far player's."""

    roll: Roll
    opening: bool = False


@dataclass(frozen=True)
class AgentPlayed:
    """What ``AskPlay`` gave: the legal play chosen."""

    request: int
    play: Play


@dataclass(frozen=True)
class Ranked:
    """What ``AskRank`` gave: every legal play, the best first; ``None``: no opinion to be had."""

    request: int
    choices: tuple[Choice, ...] | None


@dataclass(frozen=True)
class Chances:
    """What ``AskChances`` gave: outcomes float32[5] of the player on roll; ``None``: unknown."""

    request: int
    outcome: npt.NDArray[np.float32] | None


@dataclass(frozen=True)
class UnitsSeen:
    """What ``AskUnits`` gave: the convolutions of an agent's net, and its gates in that position.

    ``layers``: from the input on, none if there are none to be seen, which ``reason`` says why;
    ``gates``: by convolution how far they are open at the points 1-24 of who is on roll, or ().
    """

    request: int
    name: str = ""
    layers: tuple[Layer, ...] = ()
    gates: tuple[tuple[float, ...], ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Seated:
    """``Seat`` has been done: these players (``None``: a person) sit there now, by these names."""

    agents: tuple[str | None, str | None]
    names: tuple[str, str]


@dataclass(frozen=True)
class Pasted:
    """The text that ``AskPaste`` found, "" for none."""

    text: str


@dataclass(frozen=True)
class Loaded:
    """The transcript that ``Load`` read."""

    transcript: Transcript
    path: str


@dataclass(frozen=True)
class SeedIs:
    """What ``AskSeed`` gave: the seed of the dice, ``None``: they have none (rolls typed in)."""

    seed: int | None


@dataclass(frozen=True)
class Told:
    """A line to show: something was saved, copied, or could not be done.

    ``request``: that of the ``AskPlay`` to which there will be no other answer; 0 for none.
    """

    message: str
    failed: bool = False
    request: int = 0


Event = (
    Press | Drag | Hover | Release | OtherPress | Wheel | Key | Text | Leave | Tick | Thrown
    | AgentPlayed | Ranked | Chances | UnitsSeen | Seated | Pasted | Loaded | SeedIs | Told
)

# ---- effects: what the state asks of the world


@dataclass(frozen=True)
class Throw:
    """Throw the dice; answered by ``Thrown``."""

    opening: bool = False


@dataclass(frozen=True)
class AskPlay:
    """Let the agent of a seat choose; answered by ``AgentPlayed``. The board: he in row 0.

    ``past``: his turns of this game, the board as he found it and the after-position he left.
    """

    request: int
    player: int
    board: Board
    roll: Roll
    past: tuple[tuple[Board, Board], ...] = ()


@dataclass(frozen=True)
class AskRank:
    """Rank the plays of a roll; answered by ``Ranked``. The board: who is on roll in row 0."""

    request: int
    board: Board
    roll: Roll


@dataclass(frozen=True)
class AskChances:
    """Judge a position before the roll; answered by ``Chances``."""

    request: int
    board: Board


@dataclass(frozen=True)
class AskUnits:
    """Look into the net of an agent at the board, the far one's first; answered by ``UnitsSeen``.

    The board: who is on roll in row 0.
    """

    request: int
    board: Board


@dataclass(frozen=True)
class StartGame:
    """A game begins: agents forget the one before, and thoughts under way are dropped."""


@dataclass(frozen=True)
class Seat:
    """Change who plays: agents by name with plies, ``None`` a person; answered by ``Seated``.

    If it cannot be done, ``Told`` says why and the old ones stay.
    """

    agents: tuple[str | None, str | None]


@dataclass(frozen=True)
class Dice:
    """Throw with another seed from now on, or begin to ask the person for each roll.

    ``seed`` ``None`` with ``manual`` False: a fresh one, kept secret until asked.
    """

    seed: int | None = None
    manual: bool = False


@dataclass(frozen=True)
class AskSeed:
    """Say which seed the dice in use come from; answered by ``SeedIs``. Never during a game."""


@dataclass(frozen=True)
class Copy:
    """Put a text on the clipboard; answered by ``Told``. ``what`` names it."""

    text: str
    what: str


@dataclass(frozen=True)
class AskPaste:
    """Read the clipboard; answered by ``Pasted``."""


@dataclass(frozen=True)
class Save:
    """Write a transcript to a ``.mat`` file; answered by ``Told``. Never overwrites silently."""

    transcript: Transcript
    path: str
    overwrite: bool = False


@dataclass(frozen=True)
class Load:
    """Read a ``.mat`` file; answered by ``Loaded`` or ``Told``."""

    path: str


@dataclass(frozen=True)
class Remember:
    """Write the settings to the user's configuration folder."""

    settings: Settings


@dataclass(frozen=True)
class Close:
    """Close the window now."""


Effect = (
    Throw | AskPlay | AskRank | AskChances | AskUnits | StartGame | Seat | Dice | AskSeed | Copy
    | AskPaste | Save | Load | Remember | Close
)
