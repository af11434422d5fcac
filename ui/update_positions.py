"""Positions and files: copy, paste, set up by hand, save, load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.board import validate
from engine.errors import EngineError, PositionError
from engine.game import MatchState
from engine.ids import XgPosition, decode_position, encode_position, format_xgid, parse_xgid
from engine.transcript import GameRecord
from ui import setup, update_game
from ui.board_game import Board, Game, cube_after, position_at, seen_by
from ui.events import AskPaste, Copy, Load, Loaded, Pasted, Roll, Save, Told
from ui.flying import shown_board
from ui.setup import Editing
from ui.state import Action, Asking, State, Step
from ui.update_opinions import decision_at, player_at
from ui.view import FAR, NEAR, Target

SUFFIX = ".mat"


# ---- copy and paste


def position_shown(state: State) -> tuple[Board, int, Roll | None, MatchState]:
    """Return the position int8[2, 25] before the play, near player first, on roll, roll, match."""
    place = state.looked_at
    record = state.records[place[0]]
    decision = decision_at(state, place)
    match = cube_after(record.state, record.turns[:place[1]])
    player = player_at(state, place)
    return (position_at(record, place[1]), NEAR if player is None else player,
            decision[1] if decision else None, match)


def copy_id(state: State) -> Step:
    """Copy the Position ID of what is looked at."""
    board, player, _, _ = position_shown(state)
    if state.editing is not None:
        board, player = state.editing.board, state.editing.on_roll
    try:
        return state, [Copy(encode_position(seen_by(board, player)), "Position ID")]
    except PositionError as error:
        return replace(state, message=str(error)), []


def copy_xgid(state: State) -> Step:
    """Copy the XGID of what is looked at, the near player at its bottom."""
    board, player, roll, match = position_shown(state)
    owner = None if match.cube_owner is None else 1 - match.cube_owner
    # XGID calls the bottom player 1 and the top one 0.
    seen = replace(match, score=(match.score[FAR], match.score[NEAR]), cube_owner=owner)
    xg = XgPosition(seen_by(board, player), 1 - player, roll, seen)
    return state, [Copy(format_xgid(xg), "XGID")]


def paste(state: State) -> Step:
    """Read the clipboard."""
    return state, [AskPaste()]


def pasted(state: State, event: Pasted) -> Step:
    """Set up the position of a pasted text, or say what is wrong with it."""
    text = event.text.strip()
    if state.dialog is not None:
        if state.dialog.typed is None:
            return state, []
        line = "".join(c for c in text if c.isprintable())[:300]
        return replace(state, dialog=replace(state.dialog, typed=state.dialog.typed + line)), []
    if not text:
        return replace(state, message="There is no text on the clipboard to paste."), []
    try:
        game = _read(state, text)
        if state.editing is None:
            setup.finished(setup.of_board(game.seen_by_mover, game.player or 0))
    except EngineError as error:
        return replace(state, message=_one_line(str(error))), []
    if state.editing is not None:
        return replace(state, editing=Editing(game.board, game.player or NEAR)), []
    return leaving(state, lambda now: _adopt(now, game))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."


def _read(state: State, text: str) -> Game:
    """Return the game of a text; raises ``EngineError``."""
    if ":" not in text:
        return _game(decode_position(text), NEAR, None, _match(state))
    xg = parse_xgid(text)
    owner = None if xg.state.cube_owner is None else 1 - xg.state.cube_owner
    match = replace(xg.state, score=(xg.state.score[1], xg.state.score[0]), cube_owner=owner)
    if match.over:
        raise EngineError("the match of this XGID is over; nothing can be played")
    return _game(xg.board, 1 - xg.on_roll, xg.dice, match)


def _match(state: State) -> MatchState:
    """Return the state of the match in which a position is played that brings none."""
    return MatchState() if state.game.after.over else state.game.before


def _game(board: Board, player: int, roll: Roll | None, match: MatchState) -> Game:
    near = np.array(seen_by(board, player))
    near.setflags(write=False)
    return Game(match, near, near, player, roll)


def _adopt(state: State, game: Game) -> Step:
    return update_game.start_over(state, game)


def leaving(state: State, then: Action) -> Step:
    """Do something that drops the game in hand, after a question if it is under way."""
    game = state.game
    if game.end is not None or not game.turns or not state.has_person:
        return then(replace(state, dialog=None))
    return replace(state, dialog=Asking("leave", data=then), touch=None), []


# ---- set up by hand


def edit(state: State) -> Step:
    """Begin to set up a position, from the one looked at."""
    if state.editing is not None:
        return state, []
    board, player, _, _ = position_shown(state)
    if state.review is None:
        board = shown_board(state)
    return replace(state, editing=Editing(np.array(board), player), touch=None, flight=None,
                   hints=False, message=setup.HELP), []


def edit_press(state: State, target: Target, other: bool) -> Step:
    """Change the position being set up."""
    assert state.editing is not None, "a position is being set up"
    return replace(state, editing=setup.press(state.editing, target, other), message=""), []


def edit_done(state: State) -> Step:
    """Play on from the position set up, if it is one."""
    if state.editing is None:
        return state, []
    try:
        board = setup.finished(state.editing)
    except PositionError as error:
        return replace(state, message=_one_line(str(error))), []
    game = _game(board, state.editing.on_roll, None, _match(state))
    return leaving(state, lambda now: _adopt(now, game))


def edit_cancel(state: State) -> Step:
    """Go back to the game."""
    return replace(state, editing=None, message=""), []


def edit_opening(state: State) -> Step:
    """Put the checkers where a game begins."""
    if state.editing is None:
        return state, []
    return replace(state, editing=setup.opening(state.editing)), []


def edit_clear(state: State) -> Step:
    """Take all checkers off."""
    if state.editing is None:
        return state, []
    return replace(state, editing=setup.clear(state.editing)), []


def edit_turn(state: State) -> Step:
    """Give the turn to the other side."""
    if state.editing is None:
        return state, []
    return replace(state, editing=setup.swap_turn(state.editing)), []


# ---- files


def save_as(state: State, path: str) -> Step:
    """Write the record; an existing file is asked about first."""
    path = path.strip()
    if not path:
        assert state.dialog is not None, "the path was typed"
        return replace(state, dialog=replace(state.dialog, error="type the name of a file")), []
    if not path.endswith(SUFFIX):
        path += SUFFIX
    return replace(state, dialog=None, saving=path), [Save(state.transcript, path)]


def overwrite(state: State, path: str) -> Step:
    """Write the record over an existing file."""
    return replace(state, dialog=None, saving=None, path=path), [
        Save(state.transcript, path, overwrite=True)]


def load_from(state: State, path: str) -> Step:
    """Read a file."""
    path = path.strip()
    if not path:
        assert state.dialog is not None, "the path was typed"
        return replace(state, dialog=replace(state.dialog, error="type the name of a file")), []
    return replace(state, dialog=None), [Load(path)]


def told(state: State, event: Told) -> Step:
    """Show a line from the world; a file that exists already becomes a question."""
    if event.request:
        return update_game.gave_up(state, event)
    saving = state.saving
    state = replace(state, saving=None, message=_one_line(event.message))
    if saving is None:
        return state, []
    if not event.failed:
        return replace(state, path=saving), []
    if "exists" in event.message and state.dialog is None:
        return replace(state, dialog=Asking("overwrite", data=saving), touch=None), []
    return state, []


def loaded(state: State, event: Loaded) -> Step:
    """Show the record of a file from its start; it can be played on if it is not finished."""
    games = event.transcript.games
    try:
        for record in games:
            _check(record)
        game = _last_game(games[-1]) if games else None
    except EngineError as error:
        return replace(state, message=_one_line(f"{event.path}: {error}")), []
    if game is None:
        return replace(state, message=f"{event.path} holds no game."), []
    over = game.end is not None
    told = f"{event.path}: {len(games)} game{'s' * (len(games) > 1)}"
    told += "; escape leads to its end." if over else "; escape, and the last game goes on."

    def take(now: State) -> Step:
        now, effects = update_game.start_over(now, game)
        now = replace(now, games=games[:-1], names=event.transcript.names, path=event.path,
                      over_told=over, message=told)
        return replace(now, review=None if now.here == (0, 0) else (0, 0)), effects

    return leaving(replace(state, dialog=None, editing=None, review=None), take)


def _check(record: GameRecord) -> None:
    """Raise ``EngineError`` for a game that cannot have been played."""
    if record.state.over:
        raise EngineError("a game begins when the match is over already")
    validate(record.first)
    cube_after(record.state, record.turns)
    for turn in record.turns:
        if turn.play is not None:
            validate(turn.play.board)


def _last_game(record: GameRecord) -> Game:
    """Return the last game of a file as the present one."""
    turns = record.turns
    while record.winner is None and turns and turns[-1].kind == "double":
        # A double not answered is taken back: nobody can double or drop here.
        turns = turns[:-1]
    board = validate(position_at(record, len(turns)))
    first = validate(record.first)
    plays = [turn.player for turn in turns if turn.kind == "play"]
    player = 1 - plays[-1] if plays else (turns[-1].player if turns else None)
    game = Game(record.state, first, board, player, None, turns)
    if record.winner is None:
        return game if game.end is None else replace(game, player=None)
    level = max(record.points // game.match.cube, 1)
    given = None if game.end is not None else (1 - record.winner, min(level, 3))
    return replace(game, player=None, resigned=given)
