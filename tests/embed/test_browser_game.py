"""The page played in a real browser: with mouse, keys and fingers, to the end of the game."""

import json
import re
import time

import numpy as np
import pytest

from agent import catalog
from agent.export.interface import interface, reference
from engine.board import start
from engine.dice import SeededDice
from engine.game import result
from engine.ids import encode_position
from engine.notation import parse_play
from tests.embed import browser_site
from tests.embed.browser_driver import Browser
from tests.embed.browser_site import (
    BEAR_OFF,
    OPENING,
    assert_best,
    holds,
    move,
    opened,
    ready,
    rows,
    set_up,
    spot,
    spots,
    text,
)
from tests.engine.positions import pos, random_game
from ui.moving import begin


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return browser_site.put_together(tmp_path_factory.mktemp("browser"), "td-gammon")


@pytest.fixture(scope="module")
def address(site):
    with browser_site.served(site) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with Browser(browser_site.need_browser()) as found:
        yield found


@pytest.fixture
def page(browser, address):
    found = ready(browser, address)
    yield found
    found.close()


@pytest.fixture(scope="module")
def flax():
    """What td-gammon's net says by Flax: equities float[N] of boards."""
    answer = reference(interface(catalog.get("td-gammon")))
    return lambda boards: np.asarray(answer(boards)[1])


# A game


def test_a_whole_game_is_played_with_the_mouse_and_scored(page, flax):
    while text(page, "next-label") != "Next game":
        move(page)
        if not page.ask("document.getElementById('next').disabled"):
            page.click("#next")
        page.wait("document.getElementById('next-label').textContent !== 'Wait'")
    dice, board = SeededDice(3), start()
    thrown, listed, turns, chosen = dice.opening(), rows(page), [], []
    turn = int(thrown[0] < thrown[1])
    for player, shown, words in listed:
        assert (player, shown) == (turn, (max(thrown), min(thrown)))
        play = parse_play(words, board, *thrown)
        if player == 1:
            turns.append((board, thrown))
            chosen.append(play.after)
        board, thrown, turn = play.after, dice.roll(), 1 - turn
    assert_best(flax, turns, chosen)
    points, winner = result(board), listed[-1][0]
    assert points in (1, 2, 3)
    scores = [int(text(page, f"score-{player}")) for player in (0, 1)]
    assert scores == [points * (winner == player) for player in (0, 1)]
    assert f"{points} point" in text(page, "message")
    assert text(page, "win") == ("100.0" if winner == 0 else "0.0")
    page.press(" ")
    assert text(page, "message") == "A new game: throw for the first turn."
    assert [int(text(page, f"score-{player}")) for player in (0, 1)] == scores
    assert page.complaints == []


def test_a_backgammon_for_you_counts_three(page):
    set_up(page, encode_position(pos("2:1 / 24:1 6:14")))
    page.press(" ")
    move(page)
    page.press(" ")
    page.wait("document.getElementById('next-label').textContent === 'Next game'")
    assert text(page, "message") == "You win a backgammon: 3 points."
    assert (text(page, "score-0"), text(page, "score-1")) == ("3", "0")


def test_with_animations_the_game_goes_the_same_way(browser, address):
    listed = []
    for still in (True, False):
        page = ready(browser, address, seed=2, still=still)
        for _ in range(2):
            page.press(" ")
            page.wait("document.getElementById('next-label').textContent !== 'Wait'")
            move(page)
            page.press(" ")
            page.wait("document.getElementById('next-label').textContent !== 'Wait'")
        listed.append(rows(page))
        assert page.complaints == []
        page.close()
    assert len(listed[0]) >= 4 and listed[0] == listed[1]


def test_a_net_that_is_interrupted_does_not_play(browser, address):
    page = ready(browser, address, still=False)
    opened(page)
    move(page)
    page.press(" ")
    assert text(page, "next-label") == "Wait"
    set_up(page, BEAR_OFF)
    # As long as its thinking and its moves would have taken.
    time.sleep(2)
    assert text(page, "message") == "Your turn: throw the dice."
    assert page.ask("document.getElementById('id').value") == BEAR_OFF
    assert rows(page) == [] and page.complaints == []
    page.close()


# Moving


def test_a_checker_may_go_where_it_may_in_the_board_window(page):
    turns = [turn for seed in range(4) for turn in random_game(seed)]
    asked = [[encode_position(board), roll] for board, roll in turns]
    found = page.ask(
        "Promise.all([import('./app/moving.js'), import('./rules/rules.js')]).then(([{Moving}, "
        f"{{decodePosition, encodePosition}}]) => {json.dumps(asked)}.map(([id, roll]) => {{ "
        "const play = new Moving(decodePosition(id), roll); "
        "return play.sources().flatMap((from) => [...play.ways(from).keys()].map((to) => "
        "[from, to, encodePosition(play.drop(from, to).board)])); }))")
    for (board, roll), ways in zip(turns, found, strict=True):
        moving = begin(board, roll)
        expected = [[source, target, encode_position(after.board)] for source in moving.sources
                    for target, after in moving.ways(source).items()]
        assert sorted(ways) == sorted(expected)


def test_a_checker_is_dragged_where_it_is_lit_and_nowhere_else(page):
    roll = opened(page)
    ways = begin(start(), roll).ways(12)
    page.drag(spot(12), spot(0), drop=False)
    assert set(spots(page, "lit")) == set(ways) and 0 not in ways
    page.mouse(page.middle(spot(0)), "mouseReleased")
    assert holds(page, 12).startswith("Point 13: 5 of yours")
    page.drag(spot(12), spot(max(ways)))
    assert holds(page, 12).startswith("Point 13: 4 of yours")
    assert "left to play" in text(page, "message")


def test_only_a_complete_play_is_accepted_and_moves_are_taken_back(page):
    page.drag(spot(12), spot(12 - max(opened(page))))
    assert page.ask("document.getElementById('next').disabled")
    page.press("Enter")
    assert rows(page) == [] and "left to play" in text(page, "message")
    page.press("Backspace")
    assert "click or drag" in text(page, "message")
    assert page.ask("document.getElementById('undo').disabled")
    assert holds(page, 12).startswith("Point 13: 5 of yours, can move")


def test_a_turn_is_played_with_the_keyboard_alone(page):
    page.press(" ")
    page.press("Tab")
    for _ in range(30):
        name = page.ask("document.activeElement.getAttribute('aria-label') ?? ''")
        if re.match(r"Point 13: 5 of yours, can move", name):
            break
        page.press("Tab")
    else:
        pytest.fail("point 13 cannot be reached with Tab")
    page.press("Enter")
    assert "chosen" in page.ask("document.activeElement.ariaLabel")
    page.press("ArrowRight")
    for _ in range(10):
        if "a checker may go here" in page.ask("document.activeElement.ariaLabel"):
            break
        page.press("ArrowRight")
    page.press("Enter")
    assert "left to play" in text(page, "message") or "Done" in text(page, "message")
    move(page)
    page.ask("document.activeElement.blur()")
    page.press("Enter")
    page.wait("document.querySelectorAll('#play-rows li').length === 2")


def test_everything_that_can_be_operated_has_a_name(page):
    opened(page)
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in tree if not node.get("ignored")
             and node["role"]["value"] in ("button", "combobox", "textbox", "image")]
    nameless = [node["role"]["value"] for node in shown if not node["name"]["value"]]
    assert len(shown) > 20 and nameless == []


# Phones


def test_on_small_screens_nothing_lies_beside_the_screen(browser, address):
    page = ready(browser, address, phone=True)
    for width, height in ((360, 640), (390, 844), (844, 390), (768, 1024)):
        page.resize(width, height, phone=True)
        set_up(page, OPENING)
        page.tap("#next")
        page.wait("document.querySelectorAll('[data-movable]').length > 0")
        page.tap("#hint")
        page.wait("document.querySelectorAll('#hint-rows li').length > 3")
        assert page.ask(
            "[...document.querySelectorAll('main *:not(.unseen, svg *, option)')].filter(e => "
            "{ const r = e.getBoundingClientRect(); return r.right > innerWidth + 0.5 "
            "|| r.left < -0.5; }).map(e => e.outerHTML.slice(0, 80))") == [], (width, height)
        assert page.ask("document.documentElement.scrollWidth <= innerWidth")
        page.tap(spot(12))
        if spots(page, "lit"):
            page.tap(spot(spots(page, "lit")[0]))
        assert holds(page, 12).startswith("Point 13: 4 of yours")
    page.close()
