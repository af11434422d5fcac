"""The state of a game between a person and an agent, and what each command does to it.

Nothing here reads or prints: every function gets a state and gives back a state or text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agent.analysis import rank
from agent.protocol import Evaluator, Memory
from engine.board import flip, start
from engine.errors import NotationError
from engine.game import result
from engine.notation import format_play, parse_play
from engine.plays import Play, plays

HUMAN, AGENT = 0, 1
Roll = tuple[int, int]

WON = {1: "a single game", 2: "a gammon", 3: "a backgammon"}
WIDTH = 79

HELP = """\
A number makes the play of that number. Or type the play:
  8/5 6/5     13/11(2)     bar/22*     24/18/13     6/off
Points are numbered from the side of the player who moves.
  h, hint     the five best plays, their equity and chances (cubeless, yours)
  u, undo     take back your last play and the reply; the rolls stay the same
  r, resign   give up a single game; or "resign gammon", "resign backgammon"
  b, board    show the board and the plays again
  id          print the Position ID
  q, quit     leave; a game not finished does not count
  ?, help     this text"""

_WORDS = {
    "h": "hint", "hint": "hint", "u": "undo", "undo": "undo", "b": "board", "board": "board",
    "id": "id", "q": "quit", "quit": "quit", "exit": "quit", "?": "help", "help": "help",
    "r": "resign", "resign": "resign",
}
_LEVELS = {"": 1, "single": 1, "1": 1, "g": 2, "gammon": 2, "2": 2, "b": 3, "backgammon": 3, "3": 3}
_BEST = 5


class CommandError(ValueError):
    """What was typed cannot be done; one line that says why and what can."""


class Dice(Protocol):
    """Where the rolls come from: `engine.dice.SeededDice`, `ManualDice` and the like."""

    def roll(self) -> Roll:
        """Throw both dice."""
        ...

    def opening(self) -> Roll:
        """Throw one die for each player, never the same: (first player's, second player's)."""
        ...


@dataclass(frozen=True, eq=False)
class Game:
    """One game at the start of a turn.

    `board` is `int8[2, 25]` with `player`, HUMAN or AGENT, on roll in row 0. `rolls` are all that
    were thrown, the roll of turn `turn` at that index. It may be longer than the turns played:
    after an undo the same rolls come again, so that undoing cannot change anybody's luck (an
    agent that plays at random may still choose otherwise). `memory` is the agent's. `before` is
    the person's last decision, where undo leads. `resigned` is the points the person gave up.
    """

    board: npt.NDArray[np.int8]
    player: int
    rolls: tuple[Roll, ...] = ()
    turn: int = 0
    memory: Memory = None
    before: Game | None = field(default=None, repr=False)
    resigned: int = 0

    @property
    def roll(self) -> Roll | None:
        """The roll of this turn, or None if it has not been thrown."""
        return self.rolls[self.turn] if self.turn < len(self.rolls) else None

    @cached_property
    def legal(self) -> list[Play]:
        """Every legal play of this turn's roll; none before it has been thrown."""
        return plays(self.board, *self.roll) if self.roll else []

    @property
    def can_move(self) -> bool:
        """Whether the roll of this turn moves anything."""
        return bool(self.legal and self.legal[0].moves)

    @property
    def seen_by_human(self) -> npt.NDArray[np.int8]:
        """The board, `int8[2, 25]`, with the person in row 0."""
        seen: npt.NDArray[np.int8] = self.board if self.player == HUMAN else flip(self.board)
        return seen

    @property
    def end(self) -> tuple[int, int] | None:
        """The winner and the points won, 1 to 3, or None while the game goes on."""
        if self.resigned:
            return AGENT, self.resigned
        points = result(self.board)
        return (1 - self.player, points) if points else None


def new_game(opening: Roll, memory: Memory = None) -> Game:
    """Return a game whose opening roll is (the person's die, the agent's die), not a double."""
    mine, theirs = opening
    if mine == theirs:
        raise ValueError(f"opening roll {mine}{theirs} is a double; nobody begins")
    return Game(start(), HUMAN if mine > theirs else AGENT,
                rolls=((max(opening), min(opening)),), memory=memory)


def throw(game: Game, dice: Dice) -> Game:
    """Return the game with this turn's roll, thrown with `dice` unless it is known already."""
    return game if game.roll else replace(game, rolls=(*game.rolls, dice.roll()))


def make_play(game: Game, play: Play, memory: Memory) -> Game:
    """Return the next turn after one of `game.legal`; `memory` is the agent's from now on."""
    decided = game.player == HUMAN and game.can_move
    return replace(game, board=play.after, player=1 - game.player, turn=game.turn + 1,
                   memory=memory, before=game if decided else game.before)


def undo(game: Game) -> Game:
    """Return the person's last decision again, with every roll thrown since still to come.

    Raises `CommandError` if there was none in this game.
    """
    if game.before is None:
        raise CommandError("there is no play of yours to take back in this game")
    return replace(game.before, rolls=game.rolls)


def resign(game: Game, points: int) -> Game:
    """Return the game given up by the person for 1, 2 or 3 points."""
    return replace(game, resigned=points)


@dataclass(frozen=True)
class Command:
    """What a typed line asks for: a word ("play", "hint", ...), for a play its text.

    `points` is what "resign" gives up.
    """

    word: str
    text: str = ""
    points: int = 0


def read_command(line: str) -> Command:
    """Return the command of a typed line; what is no command's name is a play.

    Raises `CommandError` for an empty line, and for a resignation of no known size.
    """
    text = " ".join(line.split())
    if not text:
        raise CommandError("type the number of a play, a play, or ? for help")
    first, _, rest = text.lower().partition(" ")
    word = _WORDS.get(first, "play")
    if word == "resign":
        if rest not in _LEVELS:
            raise CommandError('type "resign", "resign gammon" or "resign backgammon"')
        return Command(word, points=_LEVELS[rest])
    # "b 20" is a play from the bar, so the other commands stand alone.
    return Command(word) if word != "play" and not rest else Command("play", text)


def find_play(game: Game, text: str) -> Play:
    """Return the legal play that a number from 1, or notation, means.

    Raises `CommandError` if it means none or several.
    """
    assert game.roll is not None, "a play needs a roll"
    if re.fullmatch("[0-9]+", text):
        number = int(text) if len(text) < 5 else 0
        if 1 <= number <= len(game.legal):
            return game.legal[number - 1]
        raise CommandError(f"there is no play of that number; there are 1 to {len(game.legal)}")
    try:
        return parse_play(text, game.board, *game.roll)
    except NotationError as error:
        raise CommandError(str(error)) from None


def list_plays(game: Game) -> str:
    """Return all legal plays with their numbers, in columns."""
    return in_columns([f"{number:3}  {format_play(play)}"
                       for number, play in enumerate(game.legal, 1)])


def in_columns(items: Sequence[str], width: int = WIDTH) -> str:
    """Return the items in as many columns as fit, reading down the first, then the next."""
    wide = max(map(len, items), default=0) + 2
    columns = max(1, (width + 2) // wide)
    height = -(-len(items) // columns)
    rows = [items[i::height] for i in range(height)]
    return "\n".join("".join(f"{item:<{wide}}" for item in row).rstrip() for row in rows)


def list_hints(game: Game, evaluator: Evaluator, best: int = _BEST) -> str:
    """Return the best legal plays by cubeless equity, with the mover's chances, as a table."""
    ranked = rank(game.legal, evaluator)[:best]
    numbers = {play: number for number, play in enumerate(game.legal, 1)}
    texts = [format_play(choice.play) for choice in ranked]
    wide = max(map(len, texts))
    rows = [f"{'':3}  {'play':<{wide}}  equity     win  win gammon  lose gammon"]
    for choice, text in zip(ranked, texts, strict=True):
        win, win_gammon, _, lose_gammon, _ = (float(100 * chance) for chance in choice.outcome)
        rows.append(f"{numbers[choice.play]:3}  {text:<{wide}}  {choice.equity:+.3f}  {win:5.1f}%"
                    f"  {win_gammon:9.1f}%  {lose_gammon:10.1f}%")
    return "\n".join(rows)
