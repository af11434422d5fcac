"""The dialogs about games and players: new, over, players, resign, tutor."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from agent import outcome
from engine.notation import format_play
from ui import update_game, update_moves
from ui.dialogs import Option, Page, cancel, enter, opening, wrong
from ui.events import Remember, Seat
from ui.state import NOT_AHEAD, Asking, State, Step
from ui.update_opinions import ask_chances_here, ask_rank
from ui.update_positions import leaving
from ui.update_review import look
from ui.view import FAR, NEAR

LENGTHS = (0, 1, 3, 5, 7, 9, 11, 15, 21)
MOST_POINTS = 99
_COMMAND = "ubgi:COMMAND"
_ABOUT = {
    "random": "any legal play, by chance", "pubeval": "a linear player of 1993",
    "pretrained": "the net that comes with this program", "td-gammon": "a net as TD-Gammon's was",
    "gnubg": "the nets of GNU Backgammon", "gnubg-program": "GNU Backgammon itself",
    _COMMAND: "any engine that speaks UBGI",
}


def match_name(length: int) -> str:
    """Return how a match is called: "money game", "match to 5"."""
    return f"match to {length}" if length else "money game"


# ---- new, over


def new_page(state: State) -> Page:
    """Ask for the length of a new match."""
    now = state.settings.length
    options = [Option("Money" if not n else str(n), partial(_begin, length=n), marked=n == now)
               for n in LENGTHS]
    return Page("New match", ("Single games for money, or a match to so many points:",
                              "choose, or type a number up to 99."),
                (*options, enter(state, "Begin", _typed_length, marked=False), cancel()),
                submit=_typed_length)


def _typed_length(state: State, text: str) -> Step:
    if not text.strip() and state.dialog is not None:
        return _begin(replace(state, dialog=None), length=state.settings.length)
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) > MOST_POINTS:
        return wrong(state, f"{text!r} is no length; type a whole number from 0 to {MOST_POINTS}")
    return _begin(replace(state, dialog=None), length=int(text))


def _begin(state: State, length: int) -> Step:
    def then(now: State) -> Step:
        settings = replace(now.settings, length=length)
        now, effects = update_game.new_match(replace(now, settings=settings), length)
        return now, [*effects, Remember(settings)]
    return leaving(state, then)


def leave_page(state: State) -> Page:
    """Ask whether the game in hand may be dropped."""
    assert state.dialog is not None, "the page belongs to a dialog"
    return Page("Leave this game?", ("The game is not over; it will not count.",),
                (Option("Leave it", state.dialog.data, "return", marked=True),
                 cancel("Play on")))


def over_page(state: State) -> Page:
    """Tell who won what, and ask what comes next."""
    game, names = state.game, state.names
    lines: list[str] = []
    if game.end is not None:
        winner, level = game.end
        points = game.record.points
        lines.append(f"{update_game.says(names[winner], 'win')} {update_game.won(level)}: "
                     f"{points} point{'s' * (points != 1)}.")
        after = game.after
        lines.append(f"{names[0]} {after.score[0]}, {names[1]} {after.score[1]} "
                     f"({match_name(after.length)})")
        if after.over:
            lines.append(f"{update_game.says(names[winner], 'win')} the match.")
        if after.crawford:
            lines.append("The next game is the Crawford game.")
    match_over = game.end is not None and game.after.over
    go_on = Option("New match", opening("new", field=True), "return", marked=True) if match_over \
        else Option("Next game", update_game.next_game, "return", marked=True)
    return Page("Game over", tuple(lines), (
        go_on, Option("Look back", lambda now: look(now, (len(now.games), 0)), "left"),
        Option("Save", opening("save", field=True), "ctrl+s"),
        Option("Dice", update_game.ask_seed, "i"), cancel("Close")))


# ---- players


def players_page(state: State) -> Page:
    """Show who sits where, and lead to the choice for either side."""
    options = [Option(f"{side}: {state.names[seat]}", opening("who", data=seat))
               for seat, side in ((FAR, "Far side"), (NEAR, "Near side"))]
    turned = state.agents[::-1]
    return Page("Players", ("Choose a side to let somebody else play there.",), (
        *options, Option("Change sides", lambda now: (now, [Seat((turned[0], turned[1]))])),
        cancel("Close")))


def who_page(state: State) -> Page:
    """Ask who shall sit on one side."""
    assert state.dialog is not None, "the page belongs to a dialog"
    seat: int = state.dialog.data
    now = state.agents[seat]
    options = [Option("A person", partial(_seat, seat=seat, name=None), marked=now is None)]
    for name in state.known:
        base = name.removesuffix(":N")
        if name == _COMMAND:
            act = opening("engine", field=True, data=seat)
        elif base in NOT_AHEAD:
            act = partial(_seat, seat=seat, name=base)
        else:
            act = opening("plies", data=(seat, base))
        here = now is not None and (now == base or now.rpartition(":")[0] == base)
        options.append(Option(name if name == _COMMAND else base, act, marked=here))
    side = "far" if seat else "near"
    bases = [name.removesuffix(":N") for name in state.known]
    lines = [f"{base}\t{_ABOUT[base]}" for base in bases if base in _ABOUT]
    return Page(f"Who plays on the {side} side?", tuple(lines), (*options, cancel()))


def plies_page(state: State) -> Page:
    """Ask how far an agent looks ahead."""
    assert state.dialog is not None, "the page belongs to a dialog"
    seat, base = state.dialog.data
    labels = ("0-ply: at sight", "1-ply: one roll ahead", "2-ply: two rolls ahead, slow")
    options = [Option(label, partial(_seat, seat=seat, name=f"{base}:{n}"), str(n))
               for n, label in enumerate(labels)]
    return Page(f"How far does {base} look ahead?", (), (*options, cancel()))


def engine_page(state: State) -> Page:
    """Ask for the command that starts an engine which speaks UBGI."""
    assert state.dialog is not None, "the page belongs to a dialog"
    seat: int = state.dialog.data

    def start(now: State, text: str) -> Step:
        if not text.strip():
            return wrong(now, "type the command that starts the engine")
        return _seat(replace(now, dialog=None), seat=seat, name=f"ubgi:{text.strip()}")
    return Page("An engine that speaks UBGI", ("The command that starts it:",),
                (enter(state, "Start", start), cancel()), start)


def _seat(state: State, seat: int, name: str | None) -> Step:
    agents = list(state.agents)
    agents[seat] = name
    return replace(state, message="The player is being fetched."), [Seat((agents[0], agents[1]))]


# ---- resign


def resign_page(state: State) -> Page:
    """Ask what is given up."""
    options = [Option(label, partial(_offer, points=points), str(points))
               for points, label in ((1, "Single game"), (2, "Gammon"), (3, "Backgammon"))]
    name = state.names[_who_resigns(state)]
    return Page("Resign", (f"{update_game.says(name, 'give')} up:",), (*options, cancel()))


def _who_resigns(state: State) -> int:
    """Return the person on roll, or else the only person there is."""
    player = state.game.player
    if player is not None and state.agents[player] is None:
        return player
    return NEAR if state.agents[NEAR] is None else FAR


def _offer(state: State, points: int) -> Step:
    if state.game.end is not None or state.game.player is None or not state.has_person:
        return state, []
    loser = _who_resigns(state)
    if state.agents[1 - loser] is None:
        return replace(state, dialog=Asking("offer", data=(loser, points))), []
    waited = state.offer is not None
    state = replace(state, offer=(loser, points),
                    message=f"{update_game.says(state.names[1 - loser], 'consider')} it.")
    if state.here in state.opinions.chances or points == 3 or waited:
        # Whoever offers again does not wait for an opinion that may never come.
        return answer_offer(state)
    return ask_chances_here(state)


def answer_offer(state: State) -> Step:
    """Let the agent take what is at least what it expects, anything if it expects nothing."""
    assert state.offer is not None, "somebody resigns"
    loser, points = state.offer
    state = replace(state, offer=None)
    near = state.opinions.chances.get(state.here)
    expected = None if near is None else float(outcome.equity(near)) * (1 if loser else -1)
    if expected is None or points >= expected:
        return update_game.resign(state, loser, points)
    told = (f"{update_game.says(state.names[1 - loser], 'refuse')} {update_game.won(points)}, "
            "and expects more.")
    return replace(state, message=told), []


def offer_page(state: State) -> Page:
    """Ask the other person whether he takes what is offered."""
    assert state.dialog is not None, "the page belongs to a dialog"
    loser, points = state.dialog.data
    line = f"{update_game.says(state.names[loser], 'give')} up {update_game.won(points)}."

    def accept(now: State) -> Step:
        ended = now.game.end is not None or now.game.player is None
        return (now, []) if ended else update_game.resign(now, loser, points)
    return Page(f"{state.names[1 - loser]}: accept?", (line,), (
        Option("Accept", accept, "return", marked=True), cancel("Refuse")))


# ---- tutor, typed plays


def tutor_page(state: State) -> Page:
    """Question a play that costs too much."""
    assert state.dialog is not None, "the page belongs to a dialog"
    play, cost = state.dialog.data
    found = update_moves.better(state, play)[:3]
    own = [choice for choice in state.opinions.ranked.get(state.here) or ()
           if choice.play.packed == play.packed]
    lines = [f"{format_play(play)} costs {cost:.3f} points.", "", "play\tequity\twin\tgammon"]
    lines += [f"{format_play(choice.play)}{' (yours)' * (choice in own)}\t"
              f"{choice.equity:+.3f}\t{100 * choice.outcome[outcome.WIN]:.1f} %\t"
              f"{100 * choice.outcome[outcome.WIN_GAMMON]:.1f} %".replace("-", "−")
              for choice in found + own]

    def anyway(now: State) -> Step:
        made = now.moving is not None and now.moving.play == play
        return update_game.commit(now, play) if made else (now, [])

    def show(now: State) -> Step:
        now, _ = update_moves.undo_all(now)
        return ask_rank(replace(now, hints=True, chosen=None), now.here)
    return Page("Are you sure?", tuple(lines), (
        Option("Take back", update_moves.undo_all, "t", True), Option("Show hints", show, "s"),
        Option("Play anyway", anyway, "p")))


def type_page(state: State) -> Page:
    """Ask for a play in notation."""
    return Page("Type a play", ("As in 8/5 6/5, bar/22*, 13/11(2), 6/off.",),
                (enter(state, "Move", update_moves.typed), cancel()), submit=update_moves.typed)


PAGES = {
    "new": new_page, "leave": leave_page, "over": over_page, "players": players_page,
    "who": who_page, "plies": plies_page, "engine": engine_page, "resign": resign_page,
    "offer": offer_page, "tutor": tutor_page, "type": type_page,
}
