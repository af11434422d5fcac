"""What a person has chosen for the board window, and the file that remembers it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from agent.checkpoint import write_atomically

THEMES = ("light", "dark")
SPEEDS = ("off", "fast", "normal", "slow")
PLIES = (0, 1, 2)
SMALLEST = (800, 500)
LONGEST_MATCH = 99

ENVIRONMENT = "TDGAMMON_CONFIG"
_FILE_NAME = "settings.json"
_LARGEST_FILE = 100_000
_LARGEST_WINDOW = 20_000
_LONGEST_NAME = 300


@dataclass(frozen=True)
class Settings:
    """The settings of the board window.

    ``speed``: of the moving checkers. ``auto_roll``: the dice are thrown without a click.
    ``tutor``: a play that costs more points than this is questioned; ``None``: never.
    ``analyst`` and ``analyst_ply``: who gives hints. ``opponent`` and ``ply``: who plays against
    the person. ``length``: points of a match, 0 for money.
    """

    theme: str = "light"
    home_right: bool = True
    speed: str = "normal"
    auto_roll: bool = False
    tutor: float | None = None
    panel: bool = False
    pips: bool = True
    opponent: str = "pretrained"
    ply: int = 0
    analyst: str = "pretrained"
    analyst_ply: int = 0
    length: int = 0
    name: str = "You"
    size: tuple[int, int] = (1000, 700)


def path() -> Path:
    """Return where the settings are kept.

    That is what the environment variable ``TDGAMMON_CONFIG`` names, or else ``settings.json`` in
    the user's folder for configuration, wherever the system has that.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("tdgammon")) / _FILE_NAME


def load(file: Path) -> tuple[Settings, str]:
    """Return the settings of a file, and what is wrong with it in one line, "" for nothing.

    No file means the usual settings. Nothing raises: a file that cannot be read counts as none,
    and a value that cannot be is replaced by the usual one. Names nobody knows are passed over.
    """
    try:
        values = _read(file)
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), f"{file} cannot be read ({error.strerror}); the usual settings are used"
    except (ValueError, RecursionError):
        return Settings(), f"{file} holds no settings; the usual ones are used"
    fine: dict[str, Any] = {}
    wrong = []
    for field in fields(Settings):
        if field.name not in values:
            continue
        value = values[field.name]
        if _VALID[field.name](value):
            fine[field.name] = tuple(value) if isinstance(value, list) else value
        else:
            wrong.append(field.name)
    message = f"{file}: the usual {', '.join(wrong)} used, for what is written there cannot be"
    return Settings(**fine), message if wrong else ""


def save(file: Path, settings: Settings) -> None:
    """Write the settings; the old file stays whole until the new one is.

    A file with something wrong in it is kept beside, with ``.bad`` behind its name. Raises
    ``OSError`` if nothing can be written, or if the name is that of a folder or device.
    """
    # A link is followed: the file it leads to is what the person keeps.
    file = Path(os.path.realpath(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    _refuse_what_is_no_file(file)
    if load(file)[1]:
        shutil.copyfile(file, file.with_name(file.name + ".bad"))
    text = json.dumps(asdict(settings), indent=1) + "\n"
    write_atomically(file, lambda opened: opened.write(text.encode("utf-8")))


def _read(file: Path) -> dict[str, Any]:
    """Return what stands in the file, not yet checked; ``ValueError`` if it is no JSON object."""
    _refuse_what_is_no_file(file)
    # More than this is something else, however well it reads.
    with open(file, "rb") as opened:
        data = opened.read(_LARGEST_FILE + 1)
    values = json.loads(data.decode("utf-8")) if len(data) <= _LARGEST_FILE else None
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    return values


def _refuse_what_is_no_file(file: Path) -> None:
    # Reading a pipe would wait for ever, and renaming onto a device would replace it.
    if os.path.exists(file) and not os.path.isfile(file):
        raise OSError(errno.EINVAL, "not a file", str(file))


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _among(choices: tuple[Any, ...]) -> Callable[[Any], bool]:
    # Not `in` alone: to Python, True is 1 and a list compares with nothing.
    return lambda value: any(type(value) is type(c) and value == c for c in choices)


def _number(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not _truth(value) and low <= value <= high


def _points(value: Any) -> bool:
    # Comparing tells inf and nan, too.
    number = isinstance(value, int | float) and not _truth(value)
    return value is None or (number and 0 < value <= 3)


def _name(value: Any) -> bool:
    return (isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
            and value.isprintable() and bool(value.strip()))


def _size(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2
            and all(_number(v, low, _LARGEST_WINDOW)
                    for v, low in zip(value, SMALLEST, strict=True)))


_VALID: dict[str, Callable[[Any], bool]] = {
    "theme": _among(THEMES),
    "home_right": _truth,
    "speed": _among(SPEEDS),
    "auto_roll": _truth,
    "tutor": _points,
    "panel": _truth,
    "pips": _truth,
    "opponent": _name,
    "ply": _among(PLIES),
    "analyst": _name,
    "analyst_ply": _among(PLIES),
    "length": lambda value: _number(value, 0, LONGEST_MATCH),
    "name": _name,
    "size": _size,
}
