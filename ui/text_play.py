"""The game in a terminal: a person, X, against an agent, for points at cubeless money play."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from agent import catalog
from agent.errors import AgentError
from agent.protocol import Agent, Evaluator
from engine.dice import SeededDice
from engine.errors import DiceError
from engine.game import MatchState
from engine.ids import encode_position
from engine.notation import format_play
from engine.plays import Play, play_to
from ui import text_board, text_game
from ui.text_game import AGENT, HUMAN, Command, CommandError, Dice, Game

_PROMPT = "your play> "
_LONGEST_MESSAGE = 300


class _QuitError(Exception):
    """The person has had enough."""


def run(
    agent: Agent,
    *,
    dice: Dice,
    rng: np.random.Generator,
    input: Callable[[str], str] = input,
    output: Callable[[str], None] = print,
    hints: Evaluator | None = None,
) -> tuple[int, int]:
    """Play games until the person stops; return the points of the person and of the agent.

    Args:
        agent: the opponent.
        dice: the rolls of every game, one after the other; where they end the session ends.
        rng: given to the agent, which may consume it.
        input: asks with a prompt and returns a line; `EOFError` and `KeyboardInterrupt` stop.
        output: shows a text of one or more lines.
        hints: what answers "hint"; without it the agent itself if it is an `Evaluator`.
    """
    return TextGame(agent, dice=dice, rng=rng, input=input, output=output, hints=hints).run()


def play_agent(name: str | None, ply: int | None, seed: int | None) -> None:
    """Play the agent of a name in this terminal; then print the seed of the dice.

    Args:
        name: for ``agent.catalog.get``, as ``ply``; ``None``: the net that ships.
        seed: of the dice; ``None`` for a new one.

    Raises:
        AgentError: there is no such agent.
    """
    agent = catalog.get(name or catalog.DEFAULT, ply)
    seed = secrets.randbits(32) if seed is None else seed
    hints = agent if isinstance(agent, Evaluator) else _pretrained_or_none()
    run(agent, dice=SeededDice(seed), rng=np.random.default_rng([seed, 1]), hints=hints)
    print(f"The seed of the dice was {seed}.")


def _pretrained_or_none() -> Evaluator | None:
    try:
        agent = catalog.get(catalog.DEFAULT)
    except AgentError:
        return None
    return agent if isinstance(agent, Evaluator) else None


class TextGame:
    """A session of games in a terminal; see `run` for the arguments."""

    def __init__(
        self,
        agent: Agent,
        *,
        dice: Dice,
        rng: np.random.Generator,
        input: Callable[[str], str] = input,
        output: Callable[[str], None] = print,
        hints: Evaluator | None = None,
    ) -> None:
        self._agent, self._dice, self._rng = agent, dice, rng
        self._input, self._say = input, output
        self._hints = hints or (agent if isinstance(agent, Evaluator) else None)
        self._session = MatchState()
        self._game: Game | None = None

    @property
    def score(self) -> tuple[int, int]:
        """The points of the person and of the agent in the games finished so far."""
        return self._session.score

    def run(self) -> tuple[int, int]:
        """Play games until the person stops; return the score."""
        self._say(f"You are X and play {self._agent.name}, O. Type ? for help.")
        try:
            self.play_game()
            while self._confirmed("Another game? (y/n) "):
                self.play_game()
        except (EOFError, KeyboardInterrupt):
            # The terminal's cursor still stands behind the prompt.
            self._say("")
        except DiceError as error:
            self._say(f"The session ends here: {error}")
        except _QuitError:
            pass
        unfinished = self._game is not None and self._game.end is None
        self._say(("The game in hand does not count. " if unfinished else "")
                  + f"Final score: {self._score_text()}.")
        return self.score

    def play_game(self) -> None:
        """Play one game to its end and count it."""
        game = self._game = self._begin()
        while not game.end:
            game = text_game.throw(game, self._dice)
            self._game = game = self._human_turn(game) if game.player == HUMAN else \
                self._agent_turn(game)
        winner, points = game.end
        self._session = self._session.add_game(points, winner)
        self._say("\n" + self._board(game))
        who = "You win" if winner == HUMAN else f"{self._agent.name} wins"
        plural = "s" if points > 1 else ""
        self._say(f"{who} {text_game.WON[points]}, {points} point{plural}. "
                  f"Score: {self._score_text()}.")

    def _begin(self) -> Game:
        mine, theirs = self._dice.opening()
        begins = "you begin" if mine > theirs else f"{self._agent.name} begins"
        self._say(f"You throw {mine}, {self._agent.name} throws {theirs}: {begins}.")
        return text_game.new_game((mine, theirs), self._agent.start(1))

    def _agent_turn(self, game: Game) -> Game:
        dice = np.array([game.roll], np.int8)
        after, memory = self._agent.choose(game.board[None], dice, game.memory, self._rng)
        play = _play_to(game, after[0])
        self._say(_report(self._agent.name, "plays", "rolls", game, play))
        return text_game.make_play(game, play, memory)

    def _human_turn(self, game: Game) -> Game:
        if not game.can_move:
            self._say(_report("You", "play", "roll", game, game.legal[0]))
            return text_game.make_play(game, game.legal[0], game.memory)
        self._show_turn(game)
        while True:
            try:
                after = self._obey(game, text_game.read_command(self._ask(_PROMPT)))
            except CommandError as error:
                self._say(str(error)[:_LONGEST_MESSAGE])
                continue
            if after is not None:
                return after

    def _obey(self, game: Game, command: Command) -> Game | None:
        """Do what was typed; return the game after it, or None if it goes on as it is.

        Raises `CommandError` if it cannot be done.
        """
        match command.word:
            case "play":
                play = text_game.find_play(game, command.text)
                self._say(_report("You", "play", "roll", game, play))
                return text_game.make_play(game, play, game.memory)
            case "undo":
                earlier = text_game.undo(game)
                self._say("Taken back; the rolls will be the same.")
                return earlier
            case "resign":
                question = f"Give up {text_game.WON[command.points]}? (y/n) "
                return text_game.resign(game, command.points) if self._confirmed(question) else None
            case "hint":
                self._say(self._hint(game))
            case "board":
                self._show_turn(game)
            case "id":
                self._say(encode_position(game.board))
            case "help":
                self._say(text_game.HELP)
            case "quit":
                _quit()
        return None

    def _hint(self, game: Game) -> str:
        if self._hints is None:
            raise CommandError(f"{self._agent.name} knows no chances, so there is no hint")
        return text_game.list_hints(game, self._hints)

    def _show_turn(self, game: Game) -> None:
        self._say("\n" + self._board(game) + "\n" + text_game.list_plays(game))

    def _board(self, game: Game) -> str:
        side = text_board.NEAR if game.player == HUMAN else text_board.FAR
        return text_board.draw(game.seen_by_human, on_roll=None if game.end else side,
                               dice=game.roll, names=("you", self._agent.name))

    def _score_text(self) -> str:
        return f"you {self.score[HUMAN]}, {self._agent.name} {self.score[AGENT]}"

    def _confirmed(self, question: str) -> bool:
        while True:
            answer = self._ask(question).strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer[0] == "y"
            if answer in ("q", "quit", "exit"):
                _quit()
            self._say("type y or n")

    def _ask(self, prompt: str) -> str:
        while True:
            try:
                return self._input(prompt)
            except UnicodeDecodeError:
                self._say("that is not text; type ? for help")


def _quit() -> NoReturn:
    raise _QuitError


def _report(who: str, plays: str, rolls: str, game: Game, play: Play) -> str:
    assert game.roll is not None, "a play needs a roll"
    roll = f"{game.roll[0]}-{game.roll[1]}"
    if not play.moves:
        return f"{who} {rolls} {roll} and cannot move."
    return f"{who} {plays} {roll}: {format_play(play)}"


def _play_to(game: Game, after: npt.NDArray[np.int8]) -> Play:
    """Return the legal play that leads to `after[2, 25]`, seen by the opponent of its mover."""
    play = play_to(after, game.legal)
    if play is None:
        raise ValueError(f"the agent made an illegal play in {encode_position(game.board)}")
    return play
