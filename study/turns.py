"""The first turns of games: as tokens, which are legal, and what tells whose they are.

The tokens are those of ``study.game_corpus``; games are cut after some turns and have no results.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agent.protocol import Agent
from engine.board import BAR, start
from engine.checker_moves import MOST, NONE, OFF, Moves, between, made
from engine.dice import opening_batch, roll_batch
from engine.game import results
from study.game_corpus import VOCABULARY, Turns

Figure = dict[str, float]
Ints = npt.NDArray[np.int64]
LONGEST = MOST + 2
"""Tokens of a turn at most: the roll, the moves, its end."""

STYLE = ("same", "hits", "blots", "points", "back")
"""What :func:`style` measures of a turn."""

TURN_END, _DANCES = VOCABULARY.index(";"), VOCABULARY.index("dances")
# Turns of a number in a game that there must be, to compare them.
_LEAST = 20
# What the tokens are: dice, 0 of what is no roll; source and target, NONE of what is no move.
_DICE = np.array([(int(name[0]), int(name[1])) if name.isdigit() else (0, 0)
                  for name in VOCABULARY], np.int8)
_INDEX = {**{str(point): point - 1 for point in range(1, 25)}, "bar": BAR, "off": OFF}
_PAIR = np.array([[_INDEX[end] for end in name.split("/")] if "/" in name else (NONE, NONE)
                  for name in VOCABULARY], np.int8)
# The other way round; targets are one up, so that borne off is 0.
_ROLL_OF, _MOVE_OF = np.zeros((7, 7), np.int32), np.zeros((BAR + 1, BAR + 1), np.int32)
for _token, (_high, _low) in enumerate(_DICE):
    _ROLL_OF[_high, _low] = _ROLL_OF[_low, _high] = _token
for _token, (_source, _target) in enumerate(_PAIR):
    if _source != NONE:
        _MOVE_OF[_source, _target + 1] = _token


def begun(agent: Agent, games: int, turns: int, seed: int) -> Turns:
    """Let an agent play the first turns of games against itself, each side with its own memory.

    Args:
        agent: who plays.
        games: how many, in lock-step.
        turns: of each, of both sides together; fewer only where a game is over sooner.
        seed: of the dice and of the agent's own randomness.
    """
    dice_rng, rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    boards, running = np.broadcast_to(start(), (games, 2, 25)).copy(), np.arange(games)
    memories, dice, found = [agent.start(games), agent.start(games)], opening_batch(
        dice_rng, games), list[Turns]()
    for _ in range(turns):
        afters, memories[0] = agent.choose(boards, dice, memories[0], rng)
        found.append(Turns(boards, dice, afters, running))
        on = np.flatnonzero(results(afters) == 0)
        boards, running = afters[on], running[on]
        memories = [_take(memory, on) for memory in reversed(memories)]
        dice = roll_batch(dice_rng, len(on))
    return _by_game(found)


def _take(memory: object, at: Ints) -> object:
    if isinstance(memory, dict):
        return {name: _take(part, at) for name, part in memory.items()}
    return memory[at] if isinstance(memory, np.ndarray) else memory


def _by_game(found: Sequence[Turns]) -> Turns:
    """Return turns that stand by their number in the game in the order of games."""
    order = np.argsort(np.concatenate([turns.game for turns in found]), kind="stable")
    return Turns(*(np.concatenate(part)[order] for part in zip(*found, strict=True)))


def encode(turns: Turns) -> tuple[npt.NDArray[np.int32], Ints]:
    """Return tokens int32[G, L] of games numbered from 0 on, 0 behind their ends, and the ends.

    Raises:
        EngineError: a turn leads where no legal moves lead.
    """
    moves = between(turns.boards, turns.dice, turns.afters)
    moved = moves.source != NONE
    rows = np.zeros((len(turns.game), LONGEST), np.int32)
    rows[:, 0] = _ROLL_OF[turns.dice[:, 0], turns.dice[:, 1]]
    rows[:, 1:-1] = np.where(moved, _MOVE_OF[moves.source, moves.target + 1], 0)
    dances = ~moved[:, 0]
    rows[dances, 1] = _DANCES
    rows[:, -1] = TURN_END
    there = rows > 0
    ends = 1 + np.bincount(turns.game, there.sum(1)).astype(np.int64)
    tokens = np.zeros((len(ends), ends.max()), np.int32)
    # Behind the token ``start``, which is 0 itself.
    tokens[:, 1:][np.arange(1, ends.max()) < ends[:, None]] = rows[there]
    return tokens, ends


def legal(tokens: npt.NDArray[np.integer], turns: int) -> tuple[Turns, Ints, Ints]:
    """Play games through by the rules, each up to the first turn that is wrong.

    Args:
        tokens: int[N, L], numbers in ``VOCABULARY``, the first of a game being ``start``.
        turns: of a game that are looked at.

    Returns:
        The legal turns; how many there are in each game, int64[N]; and how many turns were looked
        at, one more where one was wrong. A turn without an end is wrong.
    """
    count = len(tokens)
    # ``start`` may stand nowhere else, so that what is behind the end is wrong.
    tokens = np.pad(tokens, ((0, 0), (0, LONGEST)))
    none = np.zeros((0, 2, 25), np.int8)
    found = [Turns(none, np.zeros((0, 2), np.int8), none, np.zeros(0, np.int64))]
    right, tried = np.zeros(count, np.int64), np.zeros(count, np.int64)
    game, at = np.flatnonzero(tokens[:, 0] == 0), np.ones(count, np.int64)
    boards = np.broadcast_to(start(), (len(game), 2, 25)).copy()
    for turn in range(turns):
        tried[game] += 1
        row = tokens[game[:, None], at[game, None] + np.arange(LONGEST)]
        dice, moves, sizes, fine = _read(row)
        if turn == 0:
            fine &= dice[:, 0] != dice[:, 1]
        afters, may = made(boards[fine], dice[fine], Moves(*(part[fine] for part in moves)))
        fine[fine] = may
        afters = afters[may]
        found.append(Turns(boards[fine], dice[fine], afters, game[fine]))
        right[game[fine]] += 1
        at[game] += sizes
        on = results(afters) == 0
        boards, game = afters[on], game[fine][on]
    return _by_game(found), right, tried


def _read(
    row: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.int8], Moves, Ints, npt.NDArray[np.bool_]]:
    """Return what tokens int[N, 6] say: dice, moves, how many they are, whether they are a turn."""
    ended = row == TURN_END
    size = ended.argmax(1)
    inside = np.arange(1, LONGEST - 1) < size[:, None]
    pairs = np.where(inside[..., None], _PAIR[row[:, 1:-1]], NONE)
    dances = (size == 2) & (row[:, 1] == _DANCES)
    moves = (size >= 2) & ((pairs[..., 0] != NONE) == inside).all(1)
    fine = (_DICE[row[:, 0], 0] > 0) & ended.any(1) & (dances | moves)
    return _DICE[row[:, 0]], Moves(pairs[..., 0], pairs[..., 1]), size + 1, fine


def chosen(turns: Turns, which: npt.NDArray[np.bool_]) -> Turns:
    """Return those of the turns [T] where ``which`` bool[T] is true."""
    return Turns(turns.boards[which], turns.dice[which], turns.afters[which], turns.game[which])


def numbers(turns: Turns) -> Ints:
    """Return which turn of its game each is, from 0 on."""
    first = np.flatnonzero(np.append(True, turns.game[1:] != turns.game[:-1])[:len(turns.game)])
    sizes = np.diff(np.append(first, len(turns.game)))
    return np.arange(len(turns.game)) - np.repeat(first, sizes)


def common(groups: Sequence[Turns], turns: int) -> int:
    """Return how many turns, from the first on, all groups of games have at least 20 times."""
    counts = [np.bincount(numbers(group), minlength=turns + 1) for group in groups]
    return int((np.min(counts, axis=0) < _LEAST).argmax())


def style(turns: Turns, agent: Agent, compared: int) -> dict[str, Figure] | None:
    """Return figures of turns that tell whose they are, ``None`` where none are compared.

    The mean of the first ``compared`` turns, each of which counts the same however many games come
    to it, and the standard error over games.

    ``same``: share of turns that ``agent`` would have played alike, without any history; ``hits``:
    share that hit; ``blots``: the mover's blots behind it; ``points``: his points with two or more
    checkers; ``back``: share that bring a checker out of the opponent's home board.
    """
    number = numbers(turns)
    if not compared:
        return None
    turns, number = chosen(turns, number < compared), number[number < compared]
    rng = np.random.default_rng(0)
    afters, _ = agent.choose(turns.boards, turns.dice, agent.start(len(number)), rng)
    before, after = turns.boards[:, 0], turns.afters[:, 1]
    measured = {
        "same": (afters == turns.afters).all((1, 2)),
        "hits": turns.afters[:, 0, BAR] > turns.boards[:, 1, BAR],
        "blots": (after[:, :BAR] == 1).sum(1), "points": (after[:, :BAR] > 1).sum(1),
        "back": after[:, 18:].sum(1) < before[:, 18:].sum(1)}
    sizes = np.bincount(number, minlength=compared)
    found = {}
    for name in STYLE:
        means = np.bincount(number, measured[name], compared) / sizes
        away = (measured[name] - means[number]) / (compared * sizes[number])
        of_game = np.bincount(turns.game, away)
        found[name] = {"mean": float(means.mean()), "se": float(np.sqrt((of_game**2).sum()))}
    return found


def ratio(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> Figure:
    """Return the sum of numbers [G] by the sum of others, and its standard error over games.

    >>> ratio(np.array([1, 3]), np.array([2, 2]))["mean"]
    1.0
    """
    over, under = np.asarray(above, float), np.asarray(below, float)
    mean = over.sum() / under.sum()
    return {"mean": float(mean),
            "se": float(np.sqrt(((over - mean * under) ** 2).sum()) / under.sum())}
