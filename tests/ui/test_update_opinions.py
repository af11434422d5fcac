"""Hints, the tutor, judged plays, chances, and looking back."""

from __future__ import annotations

import numpy as np
import pytest

from engine.board import start
from engine.notation import format_play
from engine.transcript import Transcript
from tests.engine.positions import pos
from tests.ui.board_world import QUIET, World, board_state, replace
from tests.ui.test_update import at, play_on
from ui import events as ev
from ui.view import Target

TUTOR = replace(QUIET, tutor=0.0)
BLIND = pos("8:2 6:2 / 20:1 24:2")


def made(world, *spots):
    """Click on some spots."""
    for spot in spots:
        world.spot(spot)
    return world


# ---- hints


def test_a_hint_shows_the_five_best_plays_with_arrows_and_hides_them_again():
    world = at(start(), roll=(3, 1)).key("h")
    panel = world.view.panel
    assert len(panel.hints) == 5 and {arrow.rank for arrow in world.view.arrows} == {0, 1, 2, 3, 4}
    assert panel.hints[0].behind == 0 >= panel.hints[1].behind >= panel.hints[4].behind
    world.press("hint", 2)
    assert world.view.panel.chosen == 2 and {arrow.rank for arrow in world.view.arrows} == {2}
    world.press("hint", 2)
    assert world.view.panel.chosen is None
    world.key("h")
    assert world.view.panel is None and world.view.arrows == ()


def test_every_hint_can_be_chosen_by_keys():
    world = at(start(), roll=(3, 1)).key("h", "4")
    assert world.view.panel.chosen == 3
    world.key("tab")
    assert world.view.panel.chosen == 4
    world.key("tab")
    assert world.view.panel.chosen is None
    world.key("escape")
    assert world.view.panel is None


def test_a_hint_is_thought_about_in_the_background_and_asked_for_once():
    world = at(start(), roll=(3, 1), silent=(ev.AskRank,)).key("h")
    assert world.view.panel.busy == "Looking for the best plays" and world.view.panel.hints == ()
    world.key("h", "h").spot(7)
    assert len(world.did(ev.AskRank)) == 1 and len(world.state.moving.made) == 1


def test_before_the_roll_there_is_nothing_to_hint_at():
    world = at(start()).key("h")
    assert world.did(ev.AskRank) == [] and not world.state.hints


def test_no_opinion_is_told():
    world = at(start(), roll=(3, 1), silent=(ev.AskRank,)).key("h")
    world.give(ev.Ranked(world.did(ev.AskRank)[0].request, None))
    assert "No opinion" in world.message and world.view.panel is None


def test_hints_vanish_with_the_turn():
    world = made(at(start(), roll=(3, 1), silent=(ev.Throw,)).key("h"), 7, 5).key("return")
    assert not world.state.hints and world.view.arrows == ()


# ---- tutor


def bad_play(**more):
    """Return a world whose person is about to confirm a play that costs something."""
    world = at(BLIND, roll=(3, 1), settings=TUTOR, **more)
    return made(world, 5, 7)


def test_a_costly_play_is_questioned_and_a_better_one_is_named():
    world = bad_play(silent=(ev.Throw,)).key("return")
    dialog = world.view.dialog
    ranked = world.state.opinions.ranked[world.state.here]
    cost = ranked[0].equity - next(c.equity for c in ranked
                                   if c.play.packed == world.state.moving.play.packed)
    assert dialog.name == "tutor" and f"{cost:.3f}" in dialog.lines[0] and cost > 0
    table = dialog.lines[dialog.lines.index("play\tequity\twin\tgammon") + 1:]
    assert table[0].startswith(format_play(ranked[0].play) + "\t") and "(yours)" in table[-1]
    assert table[0].split("\t")[1:3] == [f"{ranked[0].equity:+.3f}",
                                         f"{100 * ranked[0].outcome[0]:.1f} %"]
    labels = [choice.label for choice in dialog.choices]
    assert labels == ["Take back", "Show hints", "Play anyway"]
    assert world.state.game.turns == ()


def test_play_anyway_makes_the_play():
    world = bad_play(silent=(ev.Throw,)).key("return").choose("Play anyway")
    assert len(world.state.game.turns) == 1


def test_take_back_leaves_the_dice_to_be_played_again():
    world = bad_play().key("return").choose("Take back")
    assert world.state.game.turns == () and world.state.moving.made == ()


def test_show_takes_back_and_shows_the_hints():
    world = bad_play().key("return").choose("Show")
    assert world.state.moving.made == () and world.view.panel.hints and world.view.arrows


def test_the_best_play_is_not_questioned():
    world = at(BLIND, roll=(3, 1), settings=TUTOR, silent=(ev.Throw,)).key("h")
    best = world.state.opinions.ranked[world.state.here][0].play
    world.key("w").type(format_play(best)).key("return", "return")
    assert world.view.dialog is None and len(world.state.game.turns) == 1


def test_a_play_that_costs_less_than_the_amount_is_not_questioned():
    world = made(at(BLIND, roll=(3, 1), settings=replace(QUIET, tutor=2.0), silent=(ev.Throw,)),
                 5, 7)
    assert world.key("return").view.dialog is None and len(world.state.game.turns) == 1


def test_whoever_does_not_wait_for_the_tutor_confirms_again():
    world = bad_play(silent=(ev.AskRank, ev.Throw)).key("return")
    assert world.state.game.turns == () and "tutor" in world.message
    world.key("return")
    assert len(world.state.game.turns) == 1
    world.give(ev.Ranked(world.did(ev.AskRank)[0].request, None))
    assert world.view.dialog is None


def test_an_undo_while_the_tutor_thinks_withdraws_the_play():
    world = bad_play(silent=(ev.AskRank,)).key("return", "backspace")
    world.give(*world.answer(world.did(ev.AskRank)[0]))
    assert world.state.game.turns == () and world.view.dialog is None


def test_without_an_opinion_the_play_counts():
    world = bad_play(silent=(ev.AskRank, ev.Throw)).key("return")
    world.give(ev.Ranked(world.did(ev.AskRank)[0].request, None))
    assert len(world.state.game.turns) == 1


# ---- chances


def test_the_open_panel_shows_chances_after_every_turn():
    world = play_on(World(board_state(settings=replace(QUIET, panel=True)), seed=3))
    turns = len(world.state.game.turns)
    assert [turn for turn, _ in world.view.panel.curve] == list(range(turns + 1))[
        0 if (0, 0) in world.state.opinions.chances else 1:]
    winner, level = world.state.game.end
    assert world.view.panel.curve[-1][1] == (level if winner == 0 else -level)
    assert world.view.panel.win[0] == (1.0 if winner == 0 else 0.0)


def test_chances_are_always_those_of_the_near_player():
    settings = replace(QUIET, panel=True)
    board = pos("6:5 / 6:15")
    near = at(board, 0, settings=settings).view.panel.win
    far = at(board, 1, settings=settings, silent=(ev.Throw,)).view.panel.win
    assert near[0] > 0.6 and far[0] > 0.6


def test_a_panel_opened_late_asks_for_what_it_missed():
    world = play_on(World(seed=3)).key("escape")
    assert world.did(ev.AskChances) == []
    world.key("a")
    assert len(world.did(ev.AskChances)) == len(world.state.game.turns)
    assert len(world.view.panel.curve) >= len(world.state.game.turns)


def test_without_the_panel_nothing_is_asked():
    assert play_on(World(seed=3)).did(ev.AskChances) == []


def test_a_game_is_judged_play_by_play():
    world = play_on(World(seed=3)).key("escape", "j")
    rows = world.view.panel.rows
    moved = [row for row in rows if "no move" not in row.text]
    assert moved and all(row.cost is not None and row.cost >= 0 for row in moved)
    assert rows[0].number == 1 and len(rows) == len(world.state.game.turns)


# ---- looking back


def test_keys_rows_and_wheel_lead_to_earlier_positions_and_back():
    world = play_on(World(seed=4)).key("escape")
    last = len(world.state.game.turns)
    world.key("left")
    assert world.state.review == (0, last - 1)
    world.give(ev.Wheel(-2))
    assert world.state.review == (0, last - 3)
    world.press("row", 2)
    assert world.state.review == (0, 2)
    turns = world.state.game.turns
    expected = turns[1].play.board if turns[1].player == 0 else turns[1].play.after
    assert world.view.counts[0][:24] == tuple(expected[0, :24].tolist())
    assert world.view.on_roll == turns[2].player and world.view.arrows
    world.key("home")
    assert world.state.review == (0, 0)
    world.key("left", "right")
    assert world.state.review == (0, 1)
    world.key("escape")
    assert world.state.review is None and world.view.panel is None


def test_whoever_looks_back_touches_nothing():
    world = at(start(), 1, (3, 1), rolls=[(6, 2)], silent=()).key("space")
    world.key("left")
    before = world.state.game
    world.spot(23).press("dice", 0).give(ev.OtherPress(Target("dice", 0)))
    assert world.state.game is before and world.view.movable == ()
    world.key("escape")
    assert world.view.movable


def test_the_opponents_answer_arrives_while_looking_back():
    world = at(start(), roll=(3, 1), silent=(ev.AskPlay,))
    made(world, 7, 5).key("return", "left")
    asked = world.did(ev.AskPlay)[0]
    world.give(*world.answer(asked))
    assert world.state.review == (0, 0) and len(world.state.game.turns) == 2
    assert world.key("end").state.review is None


def test_a_hint_of_an_earlier_position_says_what_was_played():
    world = at(start(), roll=(3, 1), silent=(ev.Throw,))
    made(world, 7, 5).key("return", "left", "h")
    assert [row.text for row in world.view.panel.hints if row.played] in (["8/5 6/5"], [])
    np.testing.assert_array_equal(world.did(ev.AskRank)[0].board, start())
    assert world.view.panel.rows[0].cost is not None


def test_hints_go_along_from_turn_to_turn():
    world = play_on(World(seed=4)).key("escape", "home", "h", "right")
    assert world.state.review == (0, 1) and world.view.panel.hints
    assert len(world.did(ev.AskRank)) == 2
    world.key("left")
    assert world.view.panel.hints and len(world.did(ev.AskRank)) == 2


def test_judging_waits_for_a_hint_that_is_wanted_first():
    world = play_on(World(seed=4, silent=(ev.AskRank,))).key("escape", "j")
    first = world.did(ev.AskRank)[-1]
    world.key("end", "left", "left", "left", "h")
    world.silent = ()
    wanted = world.did(ev.AskRank)[-1]
    assert wanted.request > first.request
    world.give(*world.answer(first))
    assert world.state.opinions.ranked == {}, "an outdated answer"
    world.give(*world.answer(wanted))
    assert all(row.cost is not None for row in world.view.panel.rows if "no move" not in row.text)


def test_games_of_a_match_are_looked_at_one_after_the_other():
    world = play_on(World(board_state(settings=replace(QUIET, length=7)), seed=4))
    world.choose("Next game")
    play_on(world.key("space")).key("escape", "home", "home")
    assert world.state.review == (0, 0)
    world.give(ev.Wheel(len(world.state.games[0].turns) + 1))
    assert world.state.review == (1, 0)
    assert isinstance(world.state.transcript, Transcript)


@pytest.mark.parametrize("steps", [-1000, 1000])
def test_the_wheel_goes_no_further_than_the_ends(steps):
    world = play_on(World(seed=4)).key("escape").give(ev.Wheel(steps))
    assert world.state.review is None, "there is no list of plays to be seen"
    world.key("a").give(ev.Wheel(steps))
    assert world.state.looked_at == ((0, 0) if steps < 0 else world.state.here)
