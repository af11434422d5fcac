"""A headless Chromium driven over a pipe with the Chrome DevTools Protocol, and its pages.

Source: https://chromedevtools.github.io/devtools-protocol/; the pipe carries JSON messages that
end in a NUL byte (``--remote-debugging-pipe``), so nothing but the browser itself is needed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
         "google-chrome-stable")
# Long, because tests share the machine with others.
_SECONDS = 120.0
# DevTools names of keys that print nothing: key, code and virtual key code.
_KEYS = {"Enter": 13, "Backspace": 8, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38,
         "ArrowRight": 39, "ArrowDown": 40}


def find_browser() -> str | None:
    """Return the path of a Chromium on this machine, ``None`` if there is none."""
    for name in (os.environ.get("TDGAMMON_BROWSER", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


class Browser:
    """A headless browser with a profile of its own; a context manager."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        words = [program, "--headless", "--remote-debugging-pipe", "--no-first-run",
                 f"--user-data-dir={self._folder.name}", "--disable-background-networking",
                 "--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage",
                 # Nothing but this machine can be reached, whatever a page or the browser asks.
                 "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank"]
        if os.geteuid() == 0:
            words.insert(1, "--no-sandbox")
        # The browser expects the pipe as its file descriptors 3 and 4.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *words], pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._last = b"", 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._forgotten: set[int] = set()
        self.pages: dict[str, Page] = {}

    def page(self, width: int = 1200, height: int = 800, *, scale: float = 1.0,
             phone: bool = False, dark: bool = False, still: bool = True) -> Page:
        """Open an empty page of a size in CSS pixels; ``still`` asks for no animations."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        # Workers are heard from their first request on.
        page.send("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True,
                  flatten=True)
        page.resize(width, height, scale=scale, phone=phone)
        page.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        page.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        return page

    def send(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Call a method of the protocol and return its result; raises ``RuntimeError``."""
        return self.answer(self.post(method, session, **params), method)

    def post(self, method: str, session: str | None = None, **params: Any) -> int:
        """Call a method without waiting; returns the number of the call."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._last

    def answer(self, number: int, method: str = "the call") -> Any:
        """Wait for the result of a call; raises ``RuntimeError`` if there is none."""
        deadline = time.monotonic() + _SECONDS
        while number not in self._answers:
            self.read(deadline - time.monotonic())
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def forget(self, number: int) -> None:
        """Let the result of a call go unread."""
        self._forgotten.add(number)

    def read(self, seconds: float) -> None:
        """Take in what the browser says within some seconds; raises ``TimeoutError``."""
        ready, _, _ = select.select([self._in], [], [], max(0.0, seconds))
        if not ready:
            raise TimeoutError("the browser does not answer")
        data = os.read(self._in, 1 << 20)
        if not data:
            raise RuntimeError("the browser has ended")
        *messages, self._rest = (self._rest + data).split(b"\0")
        for text in messages:
            message = json.loads(text)
            if message.get("id") in self._forgotten:
                self._forgotten.remove(message["id"])
            elif "id" in message:
                self._answers[message["id"]] = message
            elif message.get("sessionId") in self.pages:
                self.pages[message["sessionId"]].happened(message["method"], message["params"])

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            self.send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._folder.cleanup()


class Page:
    """A page: real mouse and key events, what it asked for and what it complained about.

    ``requests``: the addresses it asked for; ``complaints``: errors and warnings of its console.
    """

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def send(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol for this page."""
        return self._browser.send(method, self._session, **params)

    def happened(self, method: str, params: dict[str, Any]) -> None:
        """Remember an event, of the page or of one of its workers."""
        if method == "Target.attachedToTarget":
            worker = params["sessionId"]
            self._browser.pages[worker] = self
            for one in ("Network.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"):
                self._browser.forget(self._browser.post(one, worker))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", str(details)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.complaints.append(" ".join(str(one.get("value", one)) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def open(self, url: str) -> None:
        """Go to an address and wait until the document is complete."""
        self.send("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url)}) "
                  "&& document.readyState === 'complete'")

    def resize(self, width: int, height: int, *, scale: float = 1.0, phone: bool = False) -> None:
        """Give the window another size, in CSS pixels."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=phone)

    def ask(self, script: str) -> Any:
        """Return what an expression, which may be a promise, comes to; raises ``RuntimeError``."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True,
                          returnByValue=True, userGesture=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return found["result"].get("value")

    def wait(self, script: str, seconds: float = _SECONDS) -> Any:
        """Ask until the answer is true and return it; raises ``TimeoutError``."""
        deadline = time.monotonic() + seconds
        while True:
            # While a page is being left there is nothing to ask.
            with contextlib.suppress(RuntimeError):
                found = self.ask(script)
                if found:
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {script}")
            time.sleep(0.03)

    def middle(self, selector: str) -> tuple[float, float]:
        """Return the middle of an element in the window, after scrolling to it."""
        found = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); "
            "if (!e) return null; e.scrollIntoView({block: 'nearest'}); "
            "const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        if found is None:
            raise RuntimeError(f"there is no {selector}")
        return found[0], found[1]

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        self.click_at(self.middle(selector))

    def click_at(self, at: tuple[float, float]) -> None:
        """Click at a place of the window."""
        self.mouse(at, "mousePressed", "mouseReleased")

    def drag(self, selector: str, onto: str, *, drop: bool = True) -> None:
        """Drag from the middle of one element to that of another."""
        (x, y), (right, down) = self.middle(selector), self.middle(onto)
        self.mouse((x, y), "mousePressed")
        for share in (0.1, 0.6, 1.0):
            self.mouse((x + share * (right - x), y + share * (down - y)), "mouseMoved")
        if drop:
            self.mouse((right, down), "mouseReleased")

    def mouse(self, at: tuple[float, float], *kinds: str) -> None:
        """Send events of the mouse with its left button."""
        calls = [self._browser.post(
            "Input.dispatchMouseEvent", self._session, type=kind, x=at[0], y=at[1], button="left",
            buttons=0 if kind == "mouseReleased" else 1, clickCount=1) for kind in kinds]
        for call in calls:
            self._browser.answer(call)

    def tap(self, selector: str) -> None:
        """Touch the middle of an element with a finger."""
        x, y = self.middle(selector)
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key: str) -> None:
        """Press and release a key: a character, or a name such as Enter."""
        number = _KEYS.get(key)
        text = {"Enter": "\r"}.get(key, "" if number else key)
        code = number if number else ord(key.upper())
        params = {"key": key, "windowsVirtualKeyCode": code, "code": key if number else ""}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **params)
        self.send("Input.dispatchKeyEvent", type="keyUp", **params)

    def write(self, text: str) -> None:
        """Put text into the field that has the focus, in the place of what is marked."""
        self.send("Input.insertText", text=text)

    def choose_file(self, selector: str, path: Path) -> None:
        """Give a file to a field for files."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def close(self) -> None:
        """Close the page."""
        self.send("Page.close")

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen, or the whole page, as a PNG file."""
        found = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
