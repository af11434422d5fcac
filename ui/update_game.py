"""How a game goes: rolls, turns, plays, the end; and what happens by itself.

``settle`` is the only place that decides what comes next without being asked.
"""

from __future__ import annotations

from dataclasses import replace

from engine.game import MatchState
from engine.notation import format_play
from engine.plays import Play
from engine.transcript import Turn
from ui import moving as moves
from ui.board_game import Game, new_game, seen_by
from ui.events import (
    AgentPlayed,
    AskPlay,
    AskSeed,
    Dice,
    Effect,
    Roll,
    SeedIs,
    StartGame,
    Throw,
    Thrown,
    Told,
)
from ui.flying import hops_of, lift_off
from ui.state import Asking, Opinions, State, Step, ask

# Milliseconds that something told stays before the game goes on by itself.
_MOMENT = {"off": 700.0, "fast": 800.0, "normal": 1300.0, "slow": 2000.0}
_GO_ON = "press space to ask again, or choose another player"
_WON = {1: "a single game", 2: "a gammon", 3: "a backgammon"}


def says(name: str, verb: str) -> str:
    """Return a name with its verb: "You roll", "Ann rolls"."""
    if name == "You":
        return f"You {verb}"
    ending = "es" if verb.endswith(("s", "sh", "ch")) else "s"
    return f"{name} {'has' if verb == 'have' else verb + ending}"


def won(points: int) -> str:
    """Return how a win of 1, 2 or 3 is called."""
    return _WON[points]


def settle(state: State) -> Step:
    """Do all that happens by itself now, until something has to be waited for."""
    effects: list[Effect] = []
    while not _waiting(state):
        step = _next(state)
        if step is None:
            break
        state, more = step
        effects += more
    return state, effects


def _waiting(state: State) -> bool:
    return (state.flight is not None or state.hold > 0 or not state.on_board or state.paused
            or state.throwing is not None)


def _next(state: State) -> Step | None:
    game = state.game
    if game.end is not None:
        if state.over_told:
            return None
        return replace(state, over_told=True, dialog=Asking("over")), []
    if game.roll is None:
        return _dice_by_themselves(state)
    assert game.player is not None, "a roll belongs to somebody"
    if not game.can_move:
        return _told_first(state, _no_move(state)) or commit(state, game.legal[0])
    if state.agents[game.player] is not None:
        return _ask_agent(state)
    if state.moving is None:
        return replace(state, moving=moves.begin(game.seen_by_mover, game.roll)), []
    if len(game.legal) > 1:
        return None
    forced = f"{format_play(game.legal[0])} is the only legal play."
    return _told_first(state, forced) or commit(state, game.legal[0])


def _told_first(state: State, message: str) -> Step | None:
    """Announce something and hold, ``None`` if that has been done."""
    if state.announced:
        return None
    # Two agents that play at once with nobody to read it need no pause.
    hold = _MOMENT[state.settings.speed] if state.has_person or _animated(state) else 0.0
    return replace(state, announced=True, message=message, hold=hold), []


def _no_move(state: State) -> str:
    player, roll = state.game.player, state.game.roll
    assert player is not None and roll is not None, "only a roll can be without a move"
    high, low = max(roll), min(roll)
    return f"{says(state.names[player], 'roll')} {high}-{low} and cannot move."


def _animated(state: State) -> bool:
    return state.settings.speed != "off"


def _dice_by_themselves(state: State) -> Step | None:
    player = state.game.player
    person = state.has_person if player is None else state.agents[player] is None
    if person and not state.settings.auto_roll:
        return None
    if state.manual and state.dismissed:
        return None
    return throw(state)


def throw(state: State) -> Step:
    """Throw the dice, or ask for the roll if they are somebody's own."""
    opening = state.game.player is None
    if state.manual:
        return replace(state, dialog=Asking("roll", typed=""), touch=None, dismissed=False), []
    return replace(state, throwing=opening, message=""), [Throw(opening)]


def _ask_agent(state: State) -> Step | None:
    game = state.game
    if state.asked is not None or state.stalled:
        return None
    assert game.player is not None and game.roll is not None, "an agent plays a roll"
    state, request = ask(state)
    return replace(state, asked=request), [
        AskPlay(request, game.player, game.seen_by_mover, game.roll, game.past(game.player))]


# ---- what the person asks for


def roll(state: State) -> Step:
    """Throw the dice, or go on at once with what was announced."""
    if state.hold > 0:
        return replace(state, hold=0.0), []
    if state.stalled:
        return replace(state, stalled=False, message=""), []
    if state.moving is not None and state.moving.complete:
        return state, []
    return throw(state) if state.can_roll and state.on_board else (state, [])


def resign(state: State, player: int, points: int) -> Step:
    """End the game: ``player`` gives up 1, 2 or 3 points times the cube."""
    game = state.game
    turn = Turn(player, "resign", value=points)
    ended = replace(game, resigned=(player, points), turns=(*game.turns, turn), player=None,
                    roll=None)
    return replace(between_turns(state), game=ended, flight=None), []


def next_game(state: State) -> Step:
    """Begin the next game of the match; nothing if this one goes on or was the last."""
    if state.game.end is None or state.game.after.over:
        return state, []
    games = (*state.games, state.game.record)
    return start_game(replace(state, games=games), new_game(state.game.after))


def new_match(state: State, length: int) -> Step:
    """Begin anew, a match to ``length`` points or games for money (0)."""
    return start_over(state, new_game(MatchState(length=length)))


def start_over(state: State, game: Game) -> Step:
    """Forget all games, and begin with this one."""
    return start_game(replace(state, games=(), opinions=Opinions(), path=""), game)


def start_game(state: State, game: Game) -> Step:
    """Put a game on the board and tell everybody that it begins."""
    effects: list[Effect] = [StartGame()]
    if state.shown_seed:
        # Who knows the seed knows the dice to come, so they are thrown with another.
        effects.append(Dice())
        state = replace(state, shown_seed=False, thrown=0)
    opinions = replace(state.opinions, asked_rank=None, asked_chances=None, queue=())
    state = replace(between_turns(state), game=game, flight=None, throwing=None, review=None,
                    editing=None, dialog=None, message="", over_told=False, opinions=opinions,
                    game_began_at=state.thrown)
    return state, effects


def between_turns(state: State) -> State:
    """Return the state without what belongs to one turn."""
    return replace(state, moving=None, touch=None, asked=None, hold=0.0, announced=False,
                   confirming=False, stalled=False, hints=False, chosen=None, dismissed=False,
                   offer=None)


# ---- what comes back


def thrown(state: State, event: Thrown) -> Step:
    """Take the dice that were asked for; ignore any others."""
    if state.throwing is None or event.opening != state.throwing:
        return state, []
    state = replace(state, throwing=None, thrown=state.thrown + 1)
    return take_roll(state, event.roll)


def take_roll(state: State, dice: Roll) -> Step:
    """Give the roll to whoever is on roll, or let the opening roll say who begins."""
    game = state.game
    if game.end is not None or game.roll is not None:
        return state, []
    if game.player is not None:
        return replace(state, game=replace(game, roll=dice), announced=False, message=""), []
    if dice[0] == dice[1]:
        return replace(state, message="Both dice show the same; throw again."), []
    first = int(dice[1] > dice[0])
    state = replace(state, game=replace(game, player=first, roll=(max(dice), min(dice)),
                                        opening=dice))
    near, far = state.names
    told = (f"{says(near, 'throw')} {dice[0]}, {says(far, 'throw')} {dice[1]}: "
            f"{'you begin' if state.names[first] == 'You' else says(state.names[first], 'begin')}.")
    slow = state.has_person or _animated(state)
    return replace(state, message=told, hold=_MOMENT[state.settings.speed] if slow else 0.0), []


def agent_played(state: State, event: AgentPlayed) -> Step:
    """Make the agent's play, if it is the answer awaited and legal."""
    if event.request != state.asked:
        return state, []
    player = state.game.player
    assert player is not None, "an agent was asked"
    play = next((p for p in state.game.legal if p.packed == event.play.packed), None)
    if play is None:
        told = f"{state.names[player]} made a play that is not legal; {_GO_ON}."
        return replace(state, asked=None, stalled=True, message=told), []
    return commit(replace(state, asked=None), play)


def gave_up(state: State, event: Told) -> Step:
    """Say why the agent on roll does not play, if it is the one asked, and wait for the person."""
    if event.request != state.asked:
        return state, []
    return replace(state, asked=None, stalled=True, message=f"{event.message}; {_GO_ON}."), []


def seed_is(state: State, event: SeedIs) -> Step:
    """Show the seed that was asked for."""
    if state.dialog is None or state.dialog.name != "dice":
        return state, []
    return replace(state, dialog=replace(state.dialog, data=(event.seed,)), shown_seed=True), []


def ask_seed(state: State) -> Step:
    """Open the dialog about the dice; the seed is asked for only when no game goes on."""
    state = replace(state, dialog=Asking("dice", typed=""), touch=None)
    return state, [] if state.game.end is None or state.manual else [AskSeed()]


def commit(state: State, play: Play) -> Step:
    """Make a legal play for good: the next turn, or the end of the game."""
    game = state.game
    assert game.player is not None and game.roll is not None, "a play belongs to a roll"
    player, dice = game.player, game.roll
    told = state.message
    if play.moves:
        told = "" if state.agents[player] is None else \
            f"{says(state.names[player], 'play')} {max(dice)}-{min(dice)}: {format_play(play)}"
    board = seen_by(play.board, player)
    turn = Turn(player, "play", dice, play)
    after = replace(game, board=board, player=1 - player, roll=None, turns=(*game.turns, turn))
    if after.end is not None:
        after = replace(after, player=None)
    # A forced play begun by hand: what is missing flies.
    begun = state.moving is not None and state.moving.made
    rest = state.moving.finish().made[len(begun):] if state.moving and begun else play.moves
    made = replace(between_turns(state), game=after, message=told)
    return lift_off(state, made, hops_of(player, rest), player, dice), []
