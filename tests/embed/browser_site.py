"""The browser's page: put together once with nets exported for the test, served, and operated."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agent.export.files import export
from engine.board import start
from engine.dice import SeededDice
from engine.ids import encode_position
from engine.plays import afterstates_of
from tests.embed.browser_driver import Browser, Page, find_browser
from tests.engine.positions import pos

FOLDER = Path(__file__).parents[2] / "embed" / "browser"
OPENING = encode_position(start())
BEAR_OFF = encode_position(pos("6:2 5:2 / 6:2 5:2"))
READY = "!document.getElementById('net').hasAttribute('aria-busy')"
_LOAD = """
globalThis.asked = async (net, text) => {
  const { openNet } = await import('./app/net.js');
  const { bestPlays, encodePosition, decodePosition } = await import('./rules/rules.js');
  globalThis.nets ??= {};
  const file = net.includes('/') ? net : `models/${net}.onnx`;
  const opened = globalThis.nets[net] ??= await openNet(file);
  return { opened, bestPlays, encodePosition, decodePosition,
    boards: Int8Array.from(atob(text), (c) => c.charCodeAt(0)) };
}
"""


def need_browser() -> str:
    """Return a browser; skip where there is none, or where the page cannot be put together."""
    pytest.importorskip("onnx")
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium here; on Debian: apt install chromium-headless-shell")
    if not (FOLDER / "build" / "runtime.txt").exists():
        pytest.skip("onnxruntime-web is missing; embed/browser/build.sh fetches it")
    return found


def put_together(folder: Path, *agents: str) -> Path:
    """Return a folder with the page and these nets, made of the sources as they are now."""
    need_browser()
    files = [folder / f"{agent}.onnx" for agent in agents]
    for agent, file in zip(agents, files, strict=True):
        export(agent, "onnx", file, positions=100)
    done = subprocess.run([FOLDER / "build.sh", "--out", folder / "site", *files],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@contextmanager
def served(folder: Path, *, isolated: bool = False) -> Iterator[str]:
    """Serve a folder as any static server does; the value is its address.

    ``isolated`` sends the headers for which a browser tells pages the time to 5 µs.
    """
    handler = functools.partial(_Isolated if isolated else _Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Isolated(_Quiet):
    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


def ready(browser: Browser, address: str, seed: int = 3, **kind: Any) -> Page:
    """Return a page where td-gammon is ready to play with the dice of a seed."""
    found = browser.page(**kind)
    found.open(f"{address}?seed={seed}")
    found.wait(READY)
    return found


def text(page: Page, name: str) -> str:
    """Return what an element of the page says, by its id; "" if it is not shown."""
    return str(page.ask(f"(e => e.hidden ? '' : e.textContent)"
                        f"(document.getElementById({json.dumps(name)}))"))


def spots(page: Page, kind: str) -> list[int]:
    """Return the spots that are "movable" or "lit"."""
    found = page.ask(f"[...document.querySelectorAll('[data-{kind}]')].map(e => +e.dataset.spot)")
    return list(found)


def spot(number: int) -> str:
    """Return the selector of a spot."""
    return f"[data-spot='{number}']"


def holds(page: Page, number: int) -> str:
    """Return what the page says of a spot to those who do not see it."""
    return str(page.ask(f"document.querySelector({json.dumps(spot(number))}).ariaLabel"))


def opened(page: Page) -> tuple[int, int]:
    """Throw for the opening and return your roll; with seed 3 you begin."""
    page.press(" ")
    yours, its = SeededDice(3).opening()
    assert yours > its
    return yours, its


def move(page: Page) -> None:
    """Make your play: each time the first checker that may move, to the first place."""
    while (text(page, "next-label") == "Done"
           and page.ask("document.getElementById('next').disabled")):
        page.click(spot(spots(page, "movable")[0]))
        if spots(page, "lit"):
            page.click(spot(spots(page, "lit")[0]))


def fill(page: Page, identity: str) -> None:
    """Put a text into the field for Position IDs, in the place of what is there."""
    page.click("#id")
    page.ask("document.getElementById('id').select()")
    page.write(identity)


def set_up(page: Page, identity: str) -> None:
    """Put a text into the field for Position IDs and enter it."""
    fill(page, identity)
    page.press("Enter")


def rows(page: Page) -> list[tuple[int, tuple[int, int], str]]:
    """Return the plays of the game as listed: 0 for you and 1 for the net, dice, notation."""
    listed = page.ask("[...document.querySelectorAll('#play-rows li')].map(e => "
                      "[+e.querySelector('.disc').className.at(-1), e.lastChild.textContent])")
    found = [(player, *said.split(": ")) for player, said in listed]
    return [(player, (int(dice[0]), int(dice[1])), play) for player, dice, play in found]


def evaluate(page: Page, net: str, boards: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Return what a net says in the page of boards int8[N, 2, 25]: float64[N, 6], equity last."""
    page.ask(_LOAD)
    said = page.ask(f"asked({json.dumps(net)}, {_bytes(boards)}).then(async (it) => {{ "
                    "const found = await it.opened.run(it.boards); "
                    "return [[...found.outcomes], [...found.equity]]; })")
    return np.concatenate([np.reshape(said[0], (-1, 5)), np.reshape(said[1], (-1, 1))], axis=1)


def choices(page: Page, net: str, boards: npt.NDArray[np.int8], rolls: list[Any]) -> list[str]:
    """Return the Position IDs after the plays that a net chooses in the page."""
    page.ask(_LOAD)
    found = page.ask(f"asked({json.dumps(net)}, {_bytes(boards)}).then(async (it) => {{ "
                     f"const rolls = {json.dumps(rolls)}; "
                     "const turns = rolls.map((roll, i) => "
                     "({ board: it.boards.slice(50 * i, 50 * i + 50), roll })); "
                     "const best = await it.bestPlays(it.opened, turns); "
                     "return best.map((one) => it.encodePosition(one.after)); })")
    return list(found)


def _bytes(boards: npt.NDArray[np.int8]) -> str:
    return json.dumps(base64.b64encode(boards.astype(np.int8).tobytes()).decode())


def assert_best(
    flax: Callable[..., Any], turns: Sequence[tuple[Any, tuple[int, int]]], chosen: Iterable[Any]
) -> None:
    """Assert that after-positions are the best of their turns, ties within 1e-6 aside."""
    legal = [afterstates_of(board, *roll) for board, roll in turns]
    worth = -flax(np.concatenate(legal))
    ends = np.cumsum([len(after) for after in legal])
    for after, mine, one in zip(legal, np.split(worth, ends[:-1]), chosen, strict=True):
        [at] = np.flatnonzero((after == one).all((1, 2)))
        assert mine[at] >= mine.max() - 1e-6
