"""The page in a real browser: what it loads, its numbers, its nets, its words to bad input."""

import json

import numpy as np
import pytest

from agent import catalog
from agent.export import check
from agent.export.interface import interface, reference
from engine.board import start
from engine.dice import SeededDice
from engine.ids import decode_positions
from engine.notation import format_play
from engine.plays import plays
from tests.embed import browser_site
from tests.embed.browser_driver import Browser
from tests.embed.browser_site import (
    BEAR_OFF,
    assert_best,
    evaluate,
    fill,
    move,
    opened,
    ready,
    set_up,
    text,
)
from tests.engine.positions import random_game


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return browser_site.put_together(
        tmp_path_factory.mktemp("browser"), "td-gammon", "pretrained")


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
def bench(browser, address):
    """A page for tests that play nothing on it."""
    return ready(browser, address)


@pytest.fixture(scope="module")
def flax():
    """What td-gammon's net says by Flax: equities float[N] of boards."""
    answer = reference(interface(catalog.get("td-gammon")))
    return lambda boards: np.asarray(answer(boards)[1])


# What it loads


def test_nothing_is_asked_for_elsewhere_and_nothing_is_complained_about(page, address):
    page.wait("document.getElementById('win').textContent !== '–'")
    assert page.complaints == []
    inside = [url.removeprefix(address) for url in page.requests if url.startswith(address)]
    outside = [url for url in page.requests if not url.startswith((address, "data:"))]
    assert outside == []
    assert "models/td-gammon.onnx" in inside
    assert "runtime/ort-wasm-simd-threaded.wasm" in inside, "what workers ask for must be seen"
    assert not any("pretrained" in url for url in inside), "a net is fetched when it is chosen"


def test_a_request_to_elsewhere_would_be_refused_by_the_page_itself(page):
    with pytest.raises(RuntimeError, match="Failed to fetch"):
        page.ask("fetch('http://127.0.0.1:9/')")
    assert any("Content Security Policy" in one for one in page.complaints)


# Numbers


@pytest.mark.parametrize("net", ["td-gammon", "pretrained"])
def test_a_net_answers_in_the_page_as_flax_does(bench, net):
    def answer(boards):
        found = evaluate(bench, net, np.asarray(boards))
        return found[:, :5], found[:, 5]

    found = check.compare(interface(catalog.get(net)), answer)
    assert found.positions == 10_000
    assert found.largest <= 1e-5


def test_a_net_chooses_in_the_page_as_flax_does(bench, flax):
    turns = [turn for seed in range(20) for turn in random_game(seed)][:1000]
    boards = np.stack([board for board, _ in turns])
    found = decode_positions(
        browser_site.choices(bench, "td-gammon", boards, [roll for _, roll in turns]))
    assert len(turns) == 1000
    assert_best(flax, turns, found)


def test_its_dice_are_those_of_the_python_package(bench):
    seeds = [0, 1, 42, 2**53 + 1, 2**127]
    thrown = bench.ask(
        f"import('./app/dice.js').then(({{SeededDice}}) => {json.dumps(list(map(str, seeds)))}"
        ".map((seed) => { const dice = new SeededDice(BigInt(seed)); "
        "return Array.from({length: 60}, (_, i) => i % 9 ? dice.roll() : dice.opening()); }))")
    for seed, found in zip(seeds, thrown, strict=True):
        dice = SeededDice(seed)
        assert found == [list(dice.roll() if i % 9 else dice.opening()) for i in range(60)]


def test_a_hint_lists_the_five_best_plays_in_order(page, flax):
    roll = opened(page)
    page.press("h")
    page.wait("document.querySelectorAll('#hint-rows li').length === 5")
    listed = page.ask("[...document.querySelectorAll('#hint-rows button')].map(e => "
                      "[...e.children].map(c => c.textContent))")
    legal = plays(start(), *roll)
    worth = -flax(np.stack([play.after for play in legal]))
    best = np.argsort(-worth)[:5]
    assert [row[1] for row in listed] == [format_play(legal[i]) for i in best]
    assert [float(row[2].replace("−", "-")) for row in listed] \
        == pytest.approx(worth[best], abs=6e-4)
    page.press("2")
    assert page.ask("document.querySelectorAll('[aria-pressed=true].hint').length") == 1
    page.press("h")
    assert page.ask("document.querySelectorAll('#hint-rows li').length") == 0


# Nets


def test_another_net_goes_on_with_the_game(page):
    opened(page)
    move(page)
    page.ask("(e => { e.value = 'pretrained'; e.dispatchEvent(new Event('change')); })"
             "(document.getElementById('net'))")
    page.wait("document.getElementById('lose-name').textContent === 'pretrained'")
    page.press(" ")
    page.wait("document.getElementById('next-label').textContent === 'Throw'")
    assert text(page, "message").startswith("pretrained played")


def test_a_file_of_ones_own_plays_and_a_file_that_is_no_net_is_one_line(page, site, tmp_path):
    (tmp_path / "mine.onnx").write_bytes((site / "models" / "td-gammon.onnx").read_bytes())
    (tmp_path / "other.onnx").write_bytes(b"not a model\n" * 50)
    page.choose_file("#file", tmp_path / "other.onnx")
    page.wait("!document.getElementById('error').hidden")
    assert text(page, "error").startswith("other: this is not a model that ONNX Runtime can run")
    page.choose_file("#file", tmp_path / "mine.onnx")
    page.wait("document.getElementById('lose-name').textContent === 'mine'")
    assert text(page, "error") == ""
    assert page.ask("document.getElementById('net').value") == "mine"


# Bad input


BAD_IDS = {
    "x": "14 characters", "": "14 characters", "4HPwATDgc/ABM!": "base64",
    "4HPwATDgc/ABMB": "bits after the last cell", "<b>" * 50: "14 characters",
    "AAAAAAAAAAAAAA": "borne off", "AAAAwAAAAAAAAA": "the game is over",
    "//////////////": "bits after the last cell"}


def test_a_bad_position_id_is_one_line_and_changes_nothing(page):
    opened(page)
    for identity, said in BAD_IDS.items():
        set_up(page, identity)
        found = text(page, "error")
        assert said in found and len(found) < 200 and "\n" not in found
        assert "click or drag" in text(page, "message")
    assert page.ask("document.getElementById('error').children.length") == 0
    fill(page, BEAR_OFF)
    page.click("#position button")
    assert text(page, "error") == "" and text(page, "pips-0") == "22"


@pytest.mark.parametrize(("query", "said"), [
    ("seed=x", "seed x must be a whole number"), ("seed=-1", "must be a whole number"),
    ("seed=" + 39 * "9", "at most 38 digits"),
    ("net=strong", "there is no net strong here; there are td-gammon, pretrained")])
def test_a_bad_address_is_one_line(browser, address, query, said):
    page = browser.page()
    page.open(f"{address}?{query}")
    page.wait("!document.getElementById('error').hidden")
    assert said in text(page, "error")
    page.close()


@pytest.mark.parametrize(("missing", "said"), [
    ("models/td-gammon.onnx", "td-gammon: there is no file models/td-gammon.onnx (404)"),
    ("models/models.json", "there is no file models/models.json (404)"),
    ("runtime/ort-wasm-simd-threaded.wasm", "td-gammon: this is not a model"),
    ("app/net_worker.js", "td-gammon: the worker of the net cannot be run"),
    ("runtime/ort.wasm.bundle.min.mjs", "td-gammon: the worker of the net cannot be run")])
def test_a_missing_file_is_one_line(browser, site, tmp_path, missing, said):
    for file in site.rglob("*.*"):
        where = tmp_path / file.relative_to(site)
        if file.is_file() and where != tmp_path / missing:
            where.parent.mkdir(parents=True, exist_ok=True)
            where.symlink_to(file)
    with browser_site.served(tmp_path) as address:
        page = browser.page()
        page.open(address)
        page.wait("!document.getElementById('error').hidden")
        assert said in text(page, "error") and len(text(page, "error")) < 310
        page.close()
