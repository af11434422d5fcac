"""Matches as text in the Jellyfish format, the .mat files that most programs exchange.

There is no official description; this follows what GNU Backgammon 1.07 writes and what eXtreme
Gammon and online sites are seen to write. Player 0 is in the left column, player 1 in the right.
The format knows neither of positions set up by hand nor of a cube turned beforehand: the comment
``; [Position "<Position ID>:<Match ID>"]`` before a game, as seen by who is on roll, says so here.
Other programs pass over it, and then refuse the plays of that game.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.board import flip, start
from engine.errors import EngineError, TranscriptError
from engine.game import MatchState
from engine.ids import (
    MatchRecord,
    decode_match_id,
    decode_position,
    encode_match_id,
    encode_position,
)
from engine.mat_lines import Cell, Game, read_lines, read_notes
from engine.notation import parse_play
from engine.plays import Play
from engine.transcript import GameRecord, Replay, Transcript, Turn

__all__ = ["format_mat", "parse_mat", "read_notes"]

# Four moves with stars, 31 characters, and two spaces.
_LEFT, _WIDTH = 5, 33
_RESERVED = ("Player 1", "Player 2", "Jacoby", "Crawford", "Position")


def format_mat(transcript: Transcript, *, notes: Mapping[str, str] | None = None) -> str:
    """Return a match as text, lines ended by "\\n"; `parse_mat` reads it back.

    `notes` become comments at the top, such as `; [Event "Club night"]`. A name stands in the
    score lines without colons and double spaces, and as it is in a comment.

    Raises `TranscriptError` for a note whose name has a meaning of its own or is no name.
    """
    head = {f"Player {seat + 1}": name for seat, name in enumerate(transcript.names)}
    jacoby = bool(transcript.games) and transcript.games[0].state.jacoby
    if jacoby or not transcript.length:
        head["Jacoby"] = "On" if jacoby else "Off"
    for name in notes or {}:
        if name.title() in _RESERVED or not re.fullmatch(r'[^"\[\]\s]+( [^"\[\]\s]+)*', name):
            raise TranscriptError(f"{name!r} cannot name a note; write words, but not "
                                  f"{', '.join(_RESERVED)}")
    lines = [f'; [{name} "{_one_line(text)}"]' for name, text in {**head, **(notes or {})}.items()]
    lines += ["", f" {transcript.length} point match"]
    left, right = (_plain_name(name, seat) for seat, name in enumerate(transcript.names))
    for number, game in enumerate(transcript.games, 1):
        earlier = [before.state.score for before in transcript.games[:number - 1]]
        doubled = any(turn.kind == "double" for turn in game.turns)
        state = _usual_state(transcript.length, game.state.score, earlier, doubled, jacoby)
        lines.append("")
        if state != game.state or not np.array_equal(game.first, start()):
            lines.append(f'; [Position "{_position(game)}"]')
        score = game.state.score
        lines += [f" Game {number}",
                  f" {f'{left} : {score[0]}':<{_LEFT + _WIDTH - 1}}{right} : {score[1]}"]
        lines += _game_lines(game)
    return "\n".join([*lines, ""])


def parse_mat(text: str) -> Transcript:
    """Read a match; every play, double and answer is checked by the rules.

    Read are hits with or without stars, moves joined or apart, "bar" or 25, "off" or 0, "Cannot
    Move" or nothing for a roll that cannot be played, tabs, and games without their last line. A
    roll at the end that has not been played is left out. Scores are those written before each
    game, points those written after it, even where they are not what the rules give; without them
    the rules decide. Who resigns a single game when offered a double drops it: the format does not
    tell one from the other. A comment `; [Jacoby "On"]` turns on the Jacoby rule, which is off
    without it, `; [Crawford "Off"]` does away with the Crawford game. Beavers are refused.

    Raises `TranscriptError`, one line that names the line and the game.
    """
    found = read_lines(text.removeprefix("\ufeff").splitlines())
    notes = found.notes
    crawford = notes.get("crawford", "").lower() != "off"
    jacoby = notes.get("jacoby", "").lower() == "on"
    games = []
    for at, game in enumerate(found.games):
        earlier = [before.score for before in found.games[:at]]
        doubled = any(cell.kind == "doubles" for cell in game.cells)
        state = _usual_state(found.length, game.score, earlier, doubled or not crawford, jacoby)
        after = found.games[at + 1].score if at + 1 < len(found.games) else None
        games.append(_play_through(game, state, after))
    names = [_full_name(name, notes.get(f"player {seat + 1}"), seat)
             for seat, name in enumerate(found.games[0].names)]
    return Transcript((names[0], names[1]), found.length, tuple(games))


# ---- both ways


def _usual_state(length: int, score: tuple[int, int], earlier: Sequence[tuple[int, int]],
                 doubled: bool, jacoby: bool) -> MatchState:
    """Return the state before a game of which only the scores are known.

    The first game in which someone is one point away is the Crawford game, unless there is a
    double in it: then the file begins after that game.
    """
    crawford = length > 1 and not doubled and max(score) == length - 1 \
        and all(max(before) < length - 1 for before in earlier)
    return MatchState(length, score, crawford=crawford, jacoby=jacoby)


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _plain_name(name: str, seat: int) -> str:
    """Return a name that fits a score line, in which a colon ends it."""
    return _one_line(name).replace(":", "_").lstrip("; ") or f"Player {seat + 1}"


def _full_name(plain: str, full: str | None, seat: int) -> str:
    return plain if full is None or _plain_name(full, seat) != plain else full


# ---- writing


def _position(game: GameRecord) -> str:
    """Return both IDs of the position a game begins with."""
    on_roll = game.turns[0].player if game.turns else 0
    board = game.first if on_roll == 0 else flip(game.first)
    record = MatchRecord(game.state, on_roll=on_roll, turn=on_roll)
    return f"{encode_position(board)}:{encode_match_id(record)}"


def _game_lines(game: GameRecord) -> list[str]:
    rows: list[list[str]] = []
    for turn in game.turns:
        if turn.kind == "resign":  # the last line alone tells
            continue
        if turn.player == 0 or not rows or rows[-1][1]:
            rows.append(["", ""])
        rows[-1][turn.player] = _cell(turn)
    last = []
    if game.winner is not None:
        state = game.state
        over = state.length and state.score[game.winner] + game.points >= state.length
        wins = (f" Wins {game.points} point{'s' if game.points != 1 else ''}"
                f"{' and the match' if over else ''}")
        if game.winner == 1 and rows and not rows[-1][1]:
            # In a line of its own GNU Backgammon would not see that it follows "Drops".
            rows[-1][1] = wins
        else:
            last.append(" " * (_LEFT + _WIDTH * game.winner) + wins)
    lines = [f"{n:3}) {left:<{_WIDTH}}{right}".rstrip() for n, (left, right) in enumerate(rows, 1)]
    return lines + last


def _cell(turn: Turn) -> str:
    if turn.roll is not None and turn.play is not None:
        return f"{turn.roll[0]}{turn.roll[1]}: {_moves(turn.play)}".rstrip()
    return {"double": f" Doubles => {turn.value}", "take": " Takes", "drop": " Drops"}[turn.kind]


def _moves(play: Play) -> str:
    """Return a play move by move: the bar is 25, off is 0, a star after each hit."""
    return " ".join(f"{move.source + 1}/{move.target + 1}{'*' if move.hit else ''}"
                    for move in play.moves)


# ---- reading


def _play_through(game: Game, state: MatchState, after: tuple[int, int] | None) -> GameRecord:
    """Return the game, its turns checked; `after` is the score before the next one."""
    replay = _beginning(game, state)
    wins = next((cell for cell in game.cells if cell.kind == "wins"), None)
    turns = [cell for cell in game.cells if cell.kind != "wins"]
    for cell in turns:
        try:
            if replay.player is None:
                replay.player = cell.column
            if cell.sure and replay.winner is None and cell.column != replay.player:
                raise TranscriptError(f"{game.names[cell.column]} is not on turn, but "
                                      f"{game.names[replay.player]}; is a turn missing?")
            if cell is turns[-1] and not wins and cell.kind == "roll" and not cell.text \
                    and _can_move(replay, cell):
                break
            replay.add(_turn(replay, cell, replay.player))
        except EngineError as error:
            raise TranscriptError(f"line {cell.line}, game {game.number}: {error}") from None
    points = None if wins is None else wins.number
    if replay.winner is None:
        points = _give_up(replay, wins, points, [
            new - old for old, new in zip(game.score, after or game.score, strict=True)])
    return replay.record(points)


def _beginning(game: Game, state: MatchState) -> Replay:
    if game.position is None:
        return Replay(state, start())
    line, text = game.position
    position, _, match = text.partition(":")
    try:
        board = decode_position(position)
        record = decode_match_id(match) if match else None
    except EngineError as error:
        raise TranscriptError(f"line {line}, game {game.number}: {error}") from None
    player = _first_player(game) if record is None else record.on_roll
    if record and (record.state.length, record.state.score) == (state.length, state.score):
        state = record.state
    return Replay(state, _near(board, player), player)


def _first_player(game: Game) -> int:
    return game.cells[0].column if game.cells else 0


def _near(board: npt.NDArray[np.int8], player: int) -> npt.NDArray[np.int8]:
    return board if player == 0 else np.ascontiguousarray(flip(board))


def _can_move(replay: Replay, cell: Cell) -> bool:
    try:
        _turn(replay, cell, cell.column if replay.player is None else replay.player)
    except EngineError:
        return True
    return False


def _turn(replay: Replay, cell: Cell, player: int) -> Turn:
    if cell.roll is not None:
        play = parse_play(cell.text, replay.seen(player), *cell.roll)
        return Turn(player, "play", cell.roll, play)
    if cell.text:
        raise TranscriptError(f"{cell.text!r} after {cell.kind.capitalize()} is no turn")
    if cell.kind == "doubles":
        value = 2 * replay.cube if cell.number is None else cell.number
        return Turn(player, "double", value=value)
    return Turn(player, cell.kind.removesuffix("s"))


def _give_up(replay: Replay, wins: Cell | None, points: int | None, gained: list[int]
             ) -> int | None:
    """End a game that was not played out, if anything says so; return the points."""
    gainers = [player for player, gain in enumerate(gained) if gain > 0]
    if len(gainers) == 1:
        winner = gainers[0]
        points = gained[winner] if points is None else points
    elif wins is not None:
        winner = wins.column
    else:
        return None
    loser = 1 - winner
    if replay.offered and replay.player == loser and points in (None, replay.cube):
        replay.add(Turn(loser, "drop"))
    else:
        times = -(-(points or replay.cube) // replay.cube)
        replay.add(Turn(loser, "resign", value=min(times, 3)))
    return points
