"""The pictures of the page in docs/embedding-browser: a game played in a real browser.

    python -m tests.embed.browser_pictures         draws them anew of what build.sh has made
"""

from __future__ import annotations

import re

from PIL import Image

from engine.ids import decode_position
from engine.notation import parse_play
from engine.plays import OFF
from tests.embed.browser_driver import Browser, Page
from tests.embed.browser_site import (
    FOLDER,
    READY,
    need_browser,
    ready,
    rows,
    served,
    spot,
    spots,
    text,
)

PICTURES = FOLDER.parents[1] / "docs" / "embedding-browser"


def main() -> None:
    """Draw all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with served(FOLDER / "build" / "site") as address, Browser(need_browser()) as browser:
        desktop(browser, address)
        dark(browser, address)
        phone(browser, address)


def desktop(browser: Browser, address: str) -> None:
    """Draw the five best plays, and the places where a chosen checker may go."""
    page = ready(browser, address, seed=12, width=1100, height=700)
    turns(page, 6)
    page.press("h")
    page.wait("document.querySelectorAll('#hint-rows li').length === 5")
    save(page, "hint.png")
    page.press("h")
    choose(page)
    save(page, "moving.png")
    page.close()


def dark(browser: Browser, address: str) -> None:
    """Draw the answer of the other net."""
    page = browser.page(1100, 700, dark=True)
    page.open(f"{address}?seed=12&net=pretrained")
    page.wait(READY)
    turns(page, 8, throw=False)
    save(page, "answer-dark.png")
    page.close()


def phone(browser: Browser, address: str) -> None:
    """Draw the page on a phone, held upright."""
    page = ready(browser, address, seed=7, width=390, height=844, scale=2, phone=True)
    turns(page, 5)
    choose(page)
    save(page, "phone.png")
    page.close()


def turns(page: Page, count: int, *, throw: bool = True) -> None:
    """Play the best plays until so many have been made, and throw for the next one."""
    while len(rows(page)) < count or text(page, "next-label") == "Wait":
        if text(page, "next-label") == "Done":
            best(page)
        page.click("#next")
        page.wait("document.getElementById('next-label').textContent !== 'Wait'")
    if throw:
        page.click("#next")


def best(page: Page) -> None:
    """Make the play that is hinted first."""
    page.press("h")
    page.wait("document.querySelectorAll('#hint-rows li').length > 0")
    words = page.ask("document.querySelector('#hint-rows .play').textContent")
    page.press("h")
    high, low = map(int, re.findall(r"Your (\d)\D(\d)", text(page, "message"))[0])
    board = decode_position(page.ask("document.getElementById('id').value"))
    for one in parse_play(words, board, high, low).moves:
        page.drag(spot(one.source), spot(26 if one.target == OFF else one.target))


def choose(page: Page) -> None:
    """Choose a checker that may go to more than one place."""
    for one in spots(page, "movable"):
        page.click(spot(one))
        if spots(page, "lit"):
            return
        page.press("Backspace")


def save(page: Page, name: str) -> None:
    """Write a picture, in 256 colours."""
    path = PICTURES / name
    page.picture(path)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(256)
    few.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
