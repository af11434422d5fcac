"""The board window as ``tdgammon play`` opens it: from options to a score in the end."""

from __future__ import annotations

import atexit
import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent import catalog
from agent.errors import AgentError
from ui import settings as settings_file
from ui.events import Effect, Load, Seat, Seated, Told
from ui.settings import Settings

_TEXT = "tdgammon play --text plays in the terminal"
_INSTALL = "pip install pygame-ce"
# Players from outside; the first ones are named with their plies, even if these are 0.
_WITH_PLIES = ("gnubg", "gnubg-program")
_EXTERNAL = (*_WITH_PLIES, "ubgi")


class WindowError(AgentError):
    """There can be no window here; one line that names another way to play."""


@dataclass(frozen=True)
class Options:
    """What the command line says; ``None``: what the settings say.

    ``agent`` plays on the far side, with ``ply``. ``watch`` is an agent that plays against it on
    the near side; ``human``: two people play. ``length``: points of the match, 0 for money.
    ``seed``: of the dice. ``mat``: a file to open. ``config``: where settings are kept.
    """

    agent: str | None = None
    ply: int | None = None
    watch: str | None = None
    human: bool = False
    length: int | None = None
    theme: str | None = None
    seed: int | None = None
    mat: str | None = None
    config: str | None = None


def run(options: Options, say: Callable[[str], None] = print) -> None:
    """Open the window, play until it is closed, then say the score and the seed of the dice.

    Raises ``WindowError`` without a display or pygame, and ``AgentError`` for options that make no
    sense together or an agent that is not there.
    """
    file = Path(options.config) if options.config else settings_file.path()
    kept, warning = settings_file.load(file)
    settings, agents = _chosen(options, kept)
    _check_window()
    app, world, mailbox = _make(options, kept, settings, agents, file)
    if warning:
        mailbox.deliver(Told(warning, failed=True))
    import pygame

    try:
        app.run()
    except pygame.error as error:
        raise WindowError(f"no window can be opened ({error}); {_TEXT}") from error
    for line in _last_words(app.state, world.seeds):
        say(line)
    _leave(world)


def _chosen(options: Options, kept: Settings) -> tuple[Settings, tuple[str | None, str | None]]:
    """Return the settings with what the options say, and who plays."""
    if options.human and (options.agent or options.watch or options.ply is not None):
        raise AgentError("--human is for two people: leave out --agent, --watch and --ply")
    name = options.agent or kept.opponent
    # A remembered ply belongs to the opponent remembered with it.
    ply = options.ply if options.agent or options.ply is not None else kept.ply
    for given in (options.agent, options.watch):
        if given is not None and given.partition(":")[0] not in _EXTERNAL:
            catalog.get(given, options.ply if given == options.agent else None)
    if options.ply is not None and options.agent is None:
        catalog.get(name, ply)
    settings = replace(kept, theme=options.theme or kept.theme,
                       length=kept.length if options.length is None else options.length)
    if options.human:
        return settings, (None, None)
    return settings, (options.watch, f"{name}:{ply}" if ply or name in _WITH_PLIES else name)


def _check_window() -> None:
    """Raise ``WindowError`` if it is known beforehand that there can be no window."""
    if importlib.util.find_spec("pygame") is None:
        raise WindowError(f"the board window needs pygame ({_INSTALL}); {_TEXT}")
    shown = any(os.environ.get(name)
                for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"))
    if sys.platform.startswith("linux") and not shown:
        raise WindowError(f"there is no display for the board window; {_TEXT}")


def _make(
    options: Options, kept: Settings, settings: Settings, agents: tuple[str | None, str | None],
    file: Path | None,
) -> tuple[Any, Any, Any]:
    """Return the window, not open yet, its world, and where messages to it are left."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    # Without it Windows stretches the picture.
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")
    # A few positions at a time are quicker without a GPU, and leave it to others.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from ui.app import App, Mailbox
    from ui.clipboard import Clipboard
    from ui.state import initial
    from ui.thinking import Thinking
    from ui.update import begin
    from ui.world import World, people

    mailbox = Mailbox()
    near, far = people(settings.name, agents)
    names = agents[0] or near, agents[1] or far
    thinking = Thinking(mailbox.deliver, seed=options.seed, expected=Seated(agents, names))
    world = World(mailbox.deliver, thinking, Clipboard(), kept, seed=options.seed, file=file)
    state = initial(settings, agents, names,
                    choices=tuple(entry.name for entry in catalog.entries()))
    state, effects = begin(state)
    first: list[Effect] = [Seat(agents), *effects]
    if options.mat is not None:
        first.append(Load(options.mat))
    return App(state, first, world, mailbox), world, mailbox


def _last_words(state: Any, seeds: list[int]) -> list[str]:
    """Return what is said in the end: the score, and the seeds of the dice thrown."""
    (near, far), (mine, theirs) = state.names, state.game.after.score
    unfinished = state.game.end is None and bool(state.game.turns)
    lines = [("The game in hand does not count. " if unfinished else "")
             + f"Final score: {near} {mine}, {far} {theirs}."]
    if len(seeds) == 1:
        lines.append(f"The seed of the dice was {seeds[0]}.")
    elif seeds:
        lines.append(f"The seeds of the dice were {', '.join(map(str, seeds))}.")
    return lines


def _leave(world: Any) -> None:
    """End this program at once if an agent still thinks; else let it end as usual."""
    if world.busy:
        # Python's own end would tear jax down under the thread that compiles, and crash. What is
        # left undone so far is ended here: programs that agents have started, above all.
        sys.stdout.flush()
        sys.stderr.flush()
        atexit._run_exitfuncs()
        os._exit(0)
