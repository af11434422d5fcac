"""Games as a stream of tokens, for language models: what the dice and the players said.

A game is ``start``, its turns, and its result: ``single``, ``gammon`` or ``backgammon``, won by
whoever moved last. A turn is the roll (``31``, the larger die first), the checker moves one by one
in an order in which they are legal (``24/18``, ``bar/22``, ``6/off``), or ``dances`` if nothing can
be moved, and ``;``. Points are those of the player who moves; a hit is not told, it follows from
the game so far. There are 162 tokens.

Everything here is vectorised over turns (``engine.checker_moves``): the moves are found from the
positions, and a stream is played through by the rules whenever a file is read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent.checkpoint import write_atomically
from agent.errors import AgentError
from agent.protocol import Agent, Boards, Memory
from engine.bearoff import covers
from engine.board import BAR, has_contact, start
from engine.checker_moves import MOST, NONE, OFF, Moves, between, made
from engine.dice import ROLLS, opening_batch, roll_batch
from engine.errors import EngineError
from engine.game import results
from study.text import Corpus

FORMAT = 1
AT_ONCE = 2000
"""Games that are recorded in lock-step."""

Tokens = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]
_ROLL_NAMES = [f"{high}{low}" for high, low in ROLLS]
_PAIRS = [(source, target) for source in range(BAR, -1, -1)
          for target in range(source - 1, max(source - 7, OFF - 1), -1)]
_NAMES = {BAR: "bar", OFF: "off"}
_MOVE_NAMES = ["/".join(_NAMES.get(index, str(index + 1)) for index in pair) for pair in _PAIRS]

VOCABULARY = ("start", *_ROLL_NAMES, *_MOVE_NAMES, "dances", ";", "single", "gammon", "backgammon")
"""The tokens by their numbers."""

_ROLL0 = 1
_MOVE0 = _ROLL0 + len(_ROLL_NAMES)
_DANCES = _MOVE0 + len(_MOVE_NAMES)
_TURN_END = _DANCES + 1
_RESULT0 = _TURN_END + 1
# Numbers of rolls by their dice and of moves by source and target; targets are one up, so that
# borne off is 0.
_ROLL_OF = np.zeros((7, 7), np.int16)
for _i, (_high, _low) in enumerate(ROLLS):
    _ROLL_OF[_high, _low] = _ROLL_OF[_low, _high] = _ROLL0 + _i
_MOVE_OF = np.zeros((BAR + 1, BAR + 1), np.int16)
for _i, (_source, _target) in enumerate(_PAIRS):
    _MOVE_OF[_source, _target + 1] = _MOVE0 + _i
_PAIR_OF = np.array(_PAIRS, np.int8)
# What a token is, and what may stand behind what.
_START, _ROLL, _MOVE, _DANCE, _END, _RESULT = range(6)
_KIND = np.repeat([_START, _ROLL, _MOVE, _DANCE, _END, _RESULT],
                  [1, len(_ROLL_NAMES), len(_MOVE_NAMES), 1, 1, 3])
_BEHIND = np.zeros((6, 6), np.bool_)
for _before, _after in ((_START, _ROLL), (_ROLL, _MOVE), (_ROLL, _DANCE), (_MOVE, _MOVE),
                        (_MOVE, _END), (_DANCE, _END), (_END, _ROLL), (_END, _RESULT),
                        (_RESULT, _START)):
    _BEHIND[_before, _after] = True


class Turns(NamedTuple):
    """T turns of games, game by game, each from its first turn to its last.

    ``boards`` int8[T, 2, 25], the player on roll first; ``dice`` int8[T, 2]; ``afters`` int8[T, 2,
    25], after his play, seen by his opponent; ``game`` int64[T], the number of the game from 0 on.
    """

    boards: Boards
    dice: npt.NDArray[np.int8]
    afters: Boards
    game: Ints


def play(
    agent: Agent, games: int, seed: int, progress: Callable[[int, int], None] | None = None
) -> Turns:
    """Let an agent play games against itself in lock-step, each with dice of its own.

    Args:
        agent: who plays; each side has a memory of its own.
        games: how many.
        seed: of the dice and of the agent's own randomness.
        progress: called with (games finished, games) after each ply.

    Raises:
        AgentError: there are fewer than 3 games.
    """
    _enough(games)
    found = []
    for first in range(0, games, AT_ONCE):
        dice_rng, rng = (np.random.default_rng(s)
                         for s in np.random.SeedSequence([seed, first]).spawn(2))
        count = min(AT_ONCE, games - first)
        boards = np.broadcast_to(start(), (count, 2, 25)).copy()
        running = np.arange(first, first + count)
        memories = [agent.start(count), agent.start(count)]
        dice = opening_batch(dice_rng, count)
        while len(running):
            afters, memories[0] = agent.choose(boards, dice, memories[0], rng)
            found.append(Turns(boards, dice, afters, running))
            on = np.flatnonzero(results(afters) == 0)
            boards, running = afters[on], running[on]
            memories = [of_games(memory, on) for memory in reversed(memories)]
            dice = roll_batch(dice_rng, len(on))
            if progress is not None:
                progress(first + count - len(running), games)
    # Game by game; within a game they are in their order already.
    order = np.argsort(np.concatenate([turns.game for turns in found]), kind="stable")
    boards, dice, afters, game = (np.concatenate(parts)[order]
                                  for parts in zip(*found, strict=True))
    return Turns(boards, dice, afters, game)


def of_games(memory: Memory, at: Ints) -> Memory:
    """Return the memories of some of the games that a memory is of."""
    if isinstance(memory, dict):
        return {name: of_games(part, at) for name, part in memory.items()}
    return None if memory is None else memory[at]


def _enough(games: int) -> None:
    if games < 3:
        raise AgentError(f"games must be at least 3, not {games}: to learn from, to choose by and "
                         "to be judged on")


def record(
    agent: Agent, games: int, seed: int, progress: Callable[[int, int], None] | None = None
) -> Corpus:
    """Return games of an agent against itself as a corpus; see :func:`play` and :func:`encode`."""
    turns = play(agent, games, seed, progress)
    return encode(turns, f"{games:,} games of {agent.name} with itself, seed {seed}")


def encode(turns: Turns, name: str) -> Corpus:
    """Return turns as a corpus.

    ``marks``: "turn ends" bool, the token ``;``; "phase" int8, of the position in which the player
    of the turn rolled: 0 contact, 1 race, 2 bear-off (all checkers of both home), as in
    ``study.gates``. Its parts are whole games.

    Args:
        turns: of whole games, at least 3, each ending with a result.
        name: of the corpus.

    Raises:
        AgentError: there are fewer than 3 games, or one does not end; EngineError: a turn leads
            where no legal moves lead.
    """
    moves = between(turns.boards, turns.dice, turns.afters)
    count = len(turns.game)
    won = results(turns.afters).astype(np.int16)
    first = np.append(True, turns.game[1:] != turns.game[:-1])
    if not np.array_equal(np.append(first[1:], True), won > 0):
        raise AgentError("a game must end with its result, and nothing may stand behind it")
    _enough(int(first.sum()))
    # A row a turn: start, roll, moves, turn end, result; what a turn does not have stays 0.
    rows = np.zeros((count, 4 + MOST), np.int16)
    there = np.ones(rows.shape, np.bool_)
    there[:, 0] = first
    rows[:, 1] = _ROLL_OF[turns.dice[:, 0], turns.dice[:, 1]]
    moved = moves.source != NONE
    rows[:, 2:2 + MOST] = np.where(moved, _MOVE_OF[moves.source, moves.target + 1], 0)
    there[:, 2:2 + MOST] = moved
    dances = ~moved[:, 0]
    rows[dances, 2], there[dances, 2] = _DANCES, True
    rows[:, -2] = _TURN_END
    rows[:, -1] = _RESULT0 + won - 1
    there[:, -1] = won > 0
    return _corpus(rows[there], np.repeat(_phase(turns.boards), there.sum(1)), name)


def _phase(boards: Boards) -> npt.NDArray[np.int8]:
    return np.where(has_contact(boards), 0, np.where(covers(boards), 2, 1)).astype(np.int8)


def _corpus(tokens: Tokens, phase: npt.NDArray[np.int8], name: str) -> Corpus:
    ends = np.flatnonzero(tokens >= _RESULT0) + 1
    train, valid = np.searchsorted(ends, [0.9 * len(tokens), 0.95 * len(tokens)])
    # However few there are, each part has a game.
    train = min(int(train), len(ends) - 3)
    valid = min(max(int(valid), train + 1), len(ends) - 2)
    cuts = int(ends[train]), int(ends[valid])
    return Corpus(tokens, VOCABULARY, name, {"turn ends": tokens == _TURN_END, "phase": phase},
                  slice(0, cuts[0]), slice(cuts[0], cuts[1]), slice(cuts[1], len(tokens)))


def replay(tokens: npt.NDArray[Any]) -> Turns:
    """Return the turns of a stream of whole games, every one of them legal by the rules.

    Args:
        tokens: int[N], numbers in ``VOCABULARY``.

    Raises:
        AgentError: it is not one: what stands where it may not, which move is not legal.
    """
    kind = _grammar(tokens)
    rolls = np.flatnonzero(kind == _ROLL)
    turn = np.cumsum(kind == _ROLL) - 1
    game = np.cumsum(kind == _START)[rolls] - 1
    dice = ROLLS[tokens[rolls] - _ROLL0]
    source, target = (np.full((len(rolls), MOST), NONE, np.int8) for _ in range(2))
    moves = np.flatnonzero(kind == _MOVE)
    place = moves - rolls[turn[moves]] - 1
    if len(moves) and place.max() >= MOST:
        raise AgentError(f"token {moves[place.argmax()]:,} is the fifth move of a turn; it has at "
                         "most four")
    pairs = _PAIR_OF[tokens[moves] - _MOVE0]
    source[turn[moves], place], target[turn[moves], place] = pairs.T
    boards, afters = _played(game, dice, Moves(source, target), rolls)
    _check_results(tokens, kind, game, afters)
    return Turns(boards, dice, afters, game)


def _grammar(tokens: npt.NDArray[Any]) -> Ints:
    """Return what each token is, each standing where it may."""
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu" or not len(tokens):
        raise AgentError(f"tokens are {tokens.dtype}{list(tokens.shape)}; they must be whole "
                         "numbers in a row")
    if tokens.min() < 0 or tokens.max() >= len(VOCABULARY):
        raise AgentError(f"tokens are {tokens.min()} to {tokens.max()}; they must be 0 to "
                         f"{len(VOCABULARY) - 1}")
    kind = _KIND[tokens]
    if kind[0] != _START or kind[-1] != _RESULT:
        raise AgentError(f"games begin with {VOCABULARY[tokens[0]]!r} and end with "
                         f"{VOCABULARY[tokens[-1]]!r}; it must be 'start' and a result")
    wrong = np.flatnonzero(~_BEHIND[kind[:-1], kind[1:]])
    if len(wrong):
        at = wrong[0]
        raise AgentError(f"token {at + 1:,} is {VOCABULARY[tokens[at + 1]]!r}, which cannot stand "
                         f"behind {VOCABULARY[tokens[at]]!r}")
    return kind


def _played(
    game: Ints, dice: npt.NDArray[np.int8], moves: Moves, rolls: Ints
) -> tuple[Boards, Boards]:
    """Play all games through in lock-step; return the boards before and after each turn."""
    first = np.flatnonzero(np.append(True, game[1:] != game[:-1]))
    ply = np.arange(len(game)) - first[game]
    order = np.argsort(ply, kind="stable")
    boards, afters = (np.empty((len(game), 2, 25), np.int8) for _ in range(2))
    current = np.broadcast_to(start(), (len(first), 2, 25)).copy()
    for rows in np.split(order, np.cumsum(np.bincount(ply))[:-1]):
        boards[rows] = current[game[rows]]
        after, legal = made(boards[rows], dice[rows], Moves(*(part[rows] for part in moves)))
        if ply[rows[0]] == 0:
            legal &= dice[rows, 0] != dice[rows, 1]
        if not legal.all():
            bad = rows[~legal][0]
            raise AgentError(f"game {game[bad] + 1:,}, turn {ply[bad] + 1}, token {rolls[bad]:,} "
                             "on: what is played is not a legal complete play of the roll")
        afters[rows] = current[game[rows]] = after
    return boards, afters


def _check_results(
    tokens: npt.NDArray[Any], kind: Ints, game: Ints, afters: Boards
) -> None:
    said = np.zeros(len(game), np.int8)
    said[np.append(game[1:] != game[:-1], True)] = tokens[kind == _RESULT] - _RESULT0 + 1
    wrong = np.flatnonzero(said != results(afters))
    if len(wrong):
        raise AgentError(f"game {game[wrong[0]] + 1:,} does not end as its result says")


def write(path: Path, corpus: Corpus) -> None:
    """Write a corpus of games, ``.npz``; the old file stays whole until the new one is.

    Raises:
        AgentError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"format": np.array(FORMAT), "name": np.array(corpus.name),
                              "tokens": corpus.tokens.astype(np.uint8)}
    try:
        write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def read(path: Path) -> Corpus:
    """Return a corpus of games from a file that :func:`write` wrote; it is played through.

    Raises:
        AgentError: there is no such file, or it holds anything but legal games.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in ("format", "name", "tokens")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile,
            zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is no file of games"
        raise AgentError(f"{path}: cannot be read ({reason})") from error
    if found["format"].shape or found["format"] != FORMAT:
        raise AgentError(f"{path}: is of format {found['format']}; this program reads {FORMAT}")
    try:
        return encode(replay(found["tokens"]), str(found["name"]))
    except (AgentError, EngineError) as error:
        raise AgentError(f"{path}: {error}") from error
