"""The loop of the board window: events in, effects out, and a picture whenever it has changed.

The window sleeps until something happens; only while checkers move, or something is to happen by
itself after a moment, it wakes up for every frame.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Iterable

import pygame

from ui.draw import Painter
from ui.events import Close, Effect, Event, Leave, Tick
from ui.input import Input, without_haste
from ui.settings import SMALLEST
from ui.showing import show
from ui.state import State
from ui.update import update
from ui.view import View
from ui.world import World

FRAMES_PER_S = 60
TITLE = "tdgammon"
_FRAME_MS = 1000 / FRAMES_PER_S
# Asleep, it looks this often whether Ctrl-C has been pressed in the terminal.
_ASLEEP_MS = 200
# After a standstill checkers go on from where they were seen last.
_LONGEST_TICK_MS = 100.0
_REPEAT_MS = (400, 45)
# So many events are taken in before the window is drawn again.
_MOST_EVENTS = 500
_WAKE = pygame.USEREVENT
_REDRAW = (pygame.WINDOWEXPOSED, pygame.WINDOWSHOWN, pygame.WINDOWRESTORED)
_RESIZED = (pygame.WINDOWSIZECHANGED, pygame.WINDOWRESIZED)


class Mailbox:
    """Where other threads leave events; an event of pygame's wakes the window up."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open = False

    def deliver(self, event: Event) -> None:
        """Leave an event; from any thread."""
        self._events.put(event)
        with self._lock, contextlib.suppress(pygame.error):
            # Without the lock the window could close while this speaks to it.
            if self._open:
                pygame.event.post(pygame.event.Event(_WAKE))

    def take(self) -> Event | None:
        """Return the next event, ``None`` if there is none."""
        try:
            return self._events.get_nowait()
        except queue.Empty:
            return None

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._events.empty()

    def open(self, open: bool) -> None:
        """Say whether there is a window to wake up."""
        with self._lock:
            self._open = open


class App:
    """The board window.

    ``state`` is what it shows; ``frames`` counts how often it was drawn.
    """

    def __init__(
        self, state: State, effects: Iterable[Effect], world: World, mailbox: Mailbox
    ) -> None:
        """Make a window that is not open yet.

        Args:
            state: of the beginning.
            effects: what is to be done first, once the window has been drawn.
            world: carries effects out; it must deliver to ``mailbox``.
            mailbox: where answers arrive.
        """
        self.state, self._world, self._mailbox = state, world, mailbox
        self._first = list(effects)
        self.frames = 0
        self._view, self._seen = show(state), state
        self._input = Input()
        self._window: pygame.Window | None = None
        self._drawn: View | None = None
        self._last_tick = 0.0

    # ---- the window

    def open(self) -> None:
        """Open the window and draw it; raises ``pygame.error`` where that cannot be done."""
        pygame.display.init()
        if pygame.display.get_driver() == "x11":
            # A picture that rarely changes is shown sooner, and at a hundredth of the cost,
            # without a detour through OpenGL; other systems know no other way.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        self._window = pygame.Window(TITLE, self._world.size, resizable=True,
                                     allow_high_dpi=True)
        self._window.minimum_size = SMALLEST
        pygame.key.set_repeat(*_REPEAT_MS)
        self._painter = Painter(self._world.size)
        self._mailbox.open(True)
        self._draw()

    def close(self) -> None:
        """Close the window; waits for no agent."""
        self._mailbox.open(False)
        self._world.close()
        if self._window is not None:
            self._window.destroy()
            self._window = None
        # Fonts outlive the window: the next one in this process uses them again.
        pygame.display.quit()

    def run(self) -> None:
        """Show the window until it is closed; Ctrl-C in the terminal closes it, too."""
        try:
            self.open()
            while not self._world.closed:
                self.step()
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    @property
    def size(self) -> tuple[int, int]:
        """The size in pixels for which the window is laid out."""
        return self._input.size

    @property
    def view(self) -> View:
        """What the window shows, or will at the end of this step."""
        return self._current()

    # ---- one frame

    def step(self, wait_ms: float = _ASLEEP_MS) -> None:
        """Wait for something to happen, but no longer than this; take it in; draw what changed."""
        if self._first:
            effects, self._first = self._first, []
            self._carry_out(effects)
        if self._mailbox.empty:
            self._take_in(self._wait(wait_ms))
        else:
            self._take_in(pygame.event.get())
        self._tick()
        self._show()

    def _wait(self, wait_ms: float) -> list[pygame.event.Event]:
        """Return what pygame has to say, once it has something or it is time to go on."""
        if ticking(self.state):
            passed = 1000 * (time.perf_counter() - self._last_tick)
            wait_ms = min(wait_ms, _FRAME_MS - passed)
        if wait_ms < 1:
            return pygame.event.get()
        first = pygame.event.wait(int(wait_ms))
        return [] if first.type == pygame.NOEVENT else [first, *pygame.event.get()]

    def _take_in(self, events: list[pygame.event.Event]) -> None:
        for event in without_haste(events):
            if event.type in _RESIZED:
                self._resized()
            elif event.type in _REDRAW:
                self._drawn = None
            else:
                found = self._input.event_of(event, self._current())
                if found is not None:
                    self.take_in(found)
        for _ in range(_MOST_EVENTS):
            answer = self._mailbox.take()
            if answer is None or self._world.closed:
                break
            self.take_in(answer)

    def take_in(self, event: Event) -> None:
        """Change the state as the event says, and carry out what it asks for."""
        before = ticking(self.state)
        self.state, effects = update(self.state, event)
        if not before and ticking(self.state):
            # Time begins to count when there is something to be timed.
            self._last_tick = time.perf_counter()
        self._carry_out(effects)
        if isinstance(event, Leave):
            self._world.carry_out(Close())

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._world.carry_out(effect)

    def _tick(self) -> None:
        if not ticking(self.state):
            return
        now = time.perf_counter()
        passed = 1000 * (now - self._last_tick)
        # A little early is in time: no clock is that exact.
        if passed >= _FRAME_MS - 1:
            self._last_tick = now
            self.take_in(Tick(min(passed, _LONGEST_TICK_MS)))

    # ---- the picture

    def _current(self) -> View:
        """Return the view of the state there is now."""
        if self._seen is not self.state:
            self._view, self._seen = show(self.state), self.state
        return self._view

    def _show(self) -> None:
        if not self._world.closed and self._current() != self._drawn:
            self._draw()

    def _resized(self) -> None:
        self._measure()
        assert self._window is not None, "the window is open"
        self._world.size = self._window.size
        self._drawn = None

    def _measure(self) -> pygame.Surface:
        """Learn how large the window is; return its surface."""
        assert self._window is not None, "the window is open"
        surface = self._window.get_surface()
        # Some window managers ask nobody how small a window may be.
        wide, high = (max(n, least) for n, least in zip(surface.get_size(), SMALLEST, strict=True))
        across, down = self._window.size
        self._input.size = wide, high
        # The pointer may count in larger pixels than the picture has.
        self._input.scale = wide / max(across, 1), high / max(down, 1)
        return surface

    def _draw(self) -> None:
        view, surface = self._current(), self._measure()
        if surface.get_size() == self.size:
            self._painter.draw(view, surface)
        else:
            whole = pygame.Surface(self.size)
            self._painter.draw(view, whole)
            pygame.transform.smoothscale(whole, surface.get_size(), surface)
        assert self._window is not None, "the window is open"
        self._window.flip()
        self._drawn = view
        self.frames += 1


def ticking(state: State) -> bool:
    """Say whether time matters: checkers move, or something will happen by itself."""
    return state.flight is not None or state.hold > 0
