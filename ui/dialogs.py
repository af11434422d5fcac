"""The dialogs: what a page is, and what typing, choosing and closing do.

Each page is a function of the state that tells its text and its options; what is shown and what a
choice does come from the same page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ui.state import Action, Asking, State, Step
from ui.view import Choice, Dialog

MOST_TYPED = 300
_DIGITS = "123456789abcdfgijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class Option:
    """An answer: what stands on it, what it does to the state (the dialog closed), its key."""

    label: str
    act: Action
    key: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Page:
    """What a dialog says and offers.

    ``submit`` gets what was typed, with the dialog still open; ``at_once`` says when that is done
    without a return. ``closed``: what closing it by escape does besides.
    """

    title: str
    lines: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    submit: Callable[[State, str], Step] | None = None
    at_once: Callable[[str], bool] | None = None
    closed: Action | None = None


def nothing(state: State) -> Step:
    """Do nothing more: the option that only closes."""
    return state, []


def opening(name: str, *, field: bool = False, data: object = None) -> Action:
    """Return the action that opens a dialog."""
    def act(state: State) -> Step:
        asking = Asking(name, typed="" if field else None, data=data)
        return replace(state, dialog=asking, touch=None), []
    return act


def cancel(label: str = "Cancel") -> Option:
    """Return the option that only closes."""
    return Option(label, nothing, "escape")


def enter(state: State, label: str, submit: Callable[[State, str], Step], *,
          marked: bool = True) -> Option:
    """Return the option that does what a return does: it submits what has been typed."""
    asking = state.dialog

    def act(now: State) -> Step:
        typed = asking.typed if asking is not None else None
        return submit(replace(now, dialog=asking), typed or "")
    return Option(label, act, "return", marked)


def keys_of(page: Page) -> tuple[str, ...]:
    """Return the keys of a page's options: their own, or the first ones that are free.

    Where something is typed, letters and digits are text, so that no option gets one.
    """
    taken = {option.key for option in page.options}
    free = iter([] if page.submit is not None else [key for key in _DIGITS if key not in taken])
    return tuple(option.key or next(free, "") for option in page.options)


def shown(page: Page, asking: Asking) -> Dialog:
    """Return the dialog as it is drawn."""
    choices = tuple(Choice(option.label, key, option.marked)
                    for option, key in zip(page.options, keys_of(page), strict=True))
    return Dialog(asking.name, page.title, page.lines, choices, asking.typed, asking.error)


def choose(state: State, page: Page, index: int) -> Step:
    """Give an answer by its number; nothing if there is none."""
    if not 0 <= index < len(page.options):
        return state, []
    return page.options[index].act(replace(state, dialog=None))


def press_key(state: State, page: Page, key: str) -> Step:
    """Give an answer by its key, edit what is typed, or close."""
    asking = state.dialog
    assert asking is not None, "a dialog is open"
    keys = keys_of(page)
    if asking.typed is not None:
        if key == "backspace":
            return replace(state, dialog=replace(asking, typed=asking.typed[:-1], error="")), []
        if key == "return" and page.submit is not None:
            return page.submit(state, asking.typed)
        # The character itself comes as text.
        if len(key) == 1:
            return state, []
    if key in keys:
        return choose(state, page, keys.index(key))
    if key == "return":
        marked = [n for n, option in enumerate(page.options) if option.marked]
        return choose(state, page, marked[0]) if len(marked) == 1 else (state, [])
    return close(state, page) if key == "escape" else (state, [])


def close(state: State, page: Page) -> Step:
    """Close without an answer."""
    state = replace(state, dialog=None)
    return page.closed(state) if page.closed is not None else (state, [])


def type_text(state: State, page: Page, text: str) -> Step:
    """Add what was typed to the field."""
    asking = state.dialog
    if asking is None or asking.typed is None:
        return state, []
    added = "".join(char for char in text if char.isprintable())
    whole = (asking.typed + added)[:MOST_TYPED]
    state = replace(state, dialog=replace(asking, typed=whole, error=""))
    if page.submit is not None and page.at_once is not None and page.at_once(whole):
        return page.submit(state, whole)
    return state, []


def wrong(state: State, message: str) -> Step:
    """Say in the open dialog what is wrong with what was typed."""
    assert state.dialog is not None, "a dialog is open"
    return replace(state, dialog=replace(state.dialog, error=message)), []
