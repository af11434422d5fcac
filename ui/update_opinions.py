"""What the analyst is asked and what it says: hints, the judging of plays, chances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent import outcome
from agent.analysis import Choice
from engine.plays import Play
from engine.transcript import GameRecord
from ui.board_game import Board, position_at, seen_by
from ui.events import AskChances, AskRank, Chances, Effect, Ranked, Roll
from ui.state import Place, State, Step, ask

# How many hints there are.
BEST = 5


def decision_at(state: State, place: Place) -> tuple[Board, Roll] | None:
    """Return the position int8[2, 25] seen by the mover, and his roll; ``None`` without a roll."""
    record = state.records[place[0]]
    if place[1] < len(record.turns):
        turn = record.turns[place[1]]
        if turn.kind != "play" or turn.roll is None:
            return None
        return seen_by(position_at(record, place[1]), turn.player), turn.roll
    if place == state.here and state.game.player is not None and state.game.roll is not None:
        return state.game.seen_by_mover, state.game.roll
    return None


def player_at(state: State, place: Place) -> int | None:
    """Return who is on roll at a place, ``None`` if nobody is."""
    record = state.records[place[0]]
    if place[1] < len(record.turns):
        return record.turns[place[1]].player
    return state.game.player if place == state.here else None


def cost_of(state: State, place: Place, play: Play) -> float | None:
    """Return what a play gave away, in points, ``None`` where it has not been judged."""
    ranked = state.opinions.ranked.get(place)
    if not ranked:
        return None
    own = next((c.equity for c in ranked if c.play.packed == play.packed), None)
    return None if own is None else max(ranked[0].equity - own, 0.0)


def ask_rank(state: State, place: Place) -> Step:
    """Ask for the ranked plays of a place, unless they are known or asked for."""
    opinions = state.opinions
    decision = decision_at(state, place)
    if decision is None or place in opinions.ranked:
        return state, []
    if opinions.asked_rank is not None:
        before = opinions.asked_rank[1]
        if before == place:
            return state, []
        # What was being judged waits; its answer will be outdated.
        opinions = replace(opinions, queue=(before, *opinions.queue))
    state, request = ask(state)
    opinions = replace(opinions, asked_rank=(request, place))
    return replace(state, opinions=opinions), [AskRank(request, *decision)]


def ranked(state: State, event: Ranked) -> State:
    """Note what ``AskRank`` gave, if it was asked for."""
    opinions = state.opinions
    if opinions.asked_rank is None or event.request != opinions.asked_rank[0]:
        return state
    place = opinions.asked_rank[1]
    known = {**opinions.ranked, place: event.choices}
    state = replace(state, opinions=replace(opinions, ranked=known, asked_rank=None))
    if event.choices is None and place == state.looked_at and state.hints:
        state = replace(state, hints=False, message="No opinion on this position is to be had.")
    return state


def chances(state: State, event: Chances) -> State:
    """Note what ``AskChances`` gave, if it was asked for."""
    opinions = state.opinions
    if opinions.asked_chances is None or event.request != opinions.asked_chances[0]:
        return state
    place = opinions.asked_chances[1]
    seen = event.outcome
    if seen is not None and player_at(state, place) == 1:
        seen = outcome.flip(seen)
    known = {**opinions.chances, place: seen}
    return replace(state, opinions=replace(opinions, chances=known, asked_chances=None))


def hint(state: State) -> Step:
    """Show the five best plays of the position looked at, or hide them."""
    if state.hints:
        return replace(state, hints=False, chosen=None), []
    if decision_at(state, state.looked_at) is None:
        return replace(state, message="A hint ranks the plays of a roll; there is none here."), []
    if state.opinions.ranked.get(state.looked_at, ()) is None:
        return replace(state, message="No opinion on this position is to be had."), []
    return ask_rank(replace(state, hints=True, chosen=None), state.looked_at)


def choose_hint(state: State, number: int) -> Step:
    """Show the arrows of one hint alone; of all again if it was chosen already."""
    if not 0 <= number < len(hints_of(state)):
        return state, []
    return replace(state, chosen=None if state.chosen == number else number), []


def next_hint(state: State) -> Step:
    """Show the next hint alone; after the last one all of them."""
    shown = len(hints_of(state))
    after = 0 if state.chosen is None else state.chosen + 1
    return replace(state, chosen=after if after < shown else None), []


def play_made(state: State) -> Play | None:
    """Return the play made from the position looked at, or that is about to be confirmed."""
    number, turn = state.looked_at
    turns = state.records[number].turns
    if turn < len(turns):
        return turns[turn].play
    return state.moving.play if state.moving is not None and state.moving.made else None


def hints_of(state: State) -> tuple[Choice, ...]:
    """Return the hints to be seen: the best five plays, and the one made if it is none of them."""
    ranked = state.opinions.ranked.get(state.looked_at) if state.hints else None
    if not ranked:
        return ()
    made = play_made(state)
    also = [] if made is None else [c for c in ranked[BEST:] if c.play.packed == made.packed]
    return (*ranked[:BEST], *also)


def judge(state: State) -> Step:
    """Have every play of the game looked at judged, one after the other."""
    number = state.looked_at[0]
    record = state.records[number]
    known = state.opinions.ranked
    queue = tuple((number, n) for n, turn in enumerate(record.turns)
                  if turn.play is not None and turn.play.moves and (number, n) not in known)
    told = f"Judging {len(queue)} plays." if queue else "Every play of this game has been judged."
    state = replace(state, opinions=replace(state.opinions, queue=queue), message=told)
    if state.settings.panel:
        return state, []
    return replace(state, settings=replace(state.settings, panel=True)), []


def wonder(state: State) -> Step:
    """Ask for what the open panel wants to show and does not know, one thing of a kind."""
    effects: list[Effect] = []
    if state.hints:
        state, effects = ask_rank(state, state.looked_at)
    opinions = state.opinions
    while opinions.queue and opinions.asked_rank is None:
        place, opinions = opinions.queue[0], replace(opinions, queue=opinions.queue[1:])
        state, more = ask_rank(replace(state, opinions=opinions), place)
        opinions = state.opinions
        effects += more
    if not (state.settings.panel or state.hints) or opinions.asked_chances is not None:
        return state, effects
    unknown = next(_unknown(state), None)
    return (state, effects) if unknown is None else _ask_chances(state, unknown, effects)


def ask_chances_here(state: State) -> Step:
    """Ask for the chances of the present position, whatever else was asked for."""
    asked = state.opinions.asked_chances
    if asked is not None and asked[1] == state.here:
        return state, []
    return _ask_chances(state, state.here, [])


def _ask_chances(state: State, place: Place, effects: list[Effect]) -> Step:
    player = player_at(state, place)
    assert player is not None, "chances are those of who is on roll"
    board = seen_by(position_at(state.records[place[0]], place[1]), player)
    state, request = ask(state)
    opinions = replace(state.opinions, asked_chances=(request, place))
    return replace(state, opinions=opinions), [*effects, AskChances(request, board)]


def _unknown(state: State) -> Iterator[Place]:
    """Yield the places whose chances are not known: the one looked at, then the latest first."""
    number, at = state.looked_at
    known = state.opinions.chances
    turns = len(state.records[number].turns)
    for n in (at, *range(turns, -1, -1)):
        if (number, n) not in known and player_at(state, (number, n)) is not None:
            yield number, n


def is_won(record: GameRecord, turns: int) -> bool:
    """Say whether the game has been decided by these turns."""
    return record.winner is not None and turns >= len(record.turns)
