"""The libraries that only the study of the competition's pipeline needs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from agent.errors import AgentError

_PACKAGES = {"sklearn": "scikit-learn", "lightgbm": "lightgbm", "openTSNE": "openTSNE",
             "optuna": "optuna"}


def need(module: str) -> ModuleType:
    """Return a module of the extra ``numerai``, like ``sklearn.linear_model``.

    Raises:
        AgentError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = _PACKAGES[module.partition(".")[0]]
        raise AgentError(f'{package} is not installed; pip install "tdgammon[numerai]" brings what '
                         "this study needs") from error


def need_all() -> None:
    """Ask for all of them at once, before anything is begun.

    Raises:
        AgentError: one is not installed.
    """
    for module in _PACKAGES:
        need(module)
