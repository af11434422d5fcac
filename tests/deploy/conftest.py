"""The overlays of deploy/ as kustomize builds them, once for all tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from agent.deployment.manifest import documents, kustomize

DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAYS = sorted(p.name for p in (DEPLOY / "overlays").iterdir())

needs_kustomize = pytest.mark.skipif(
    kustomize() is None, reason="neither kubectl nor kustomize is here (.ci/kubectl installs one)")


@lru_cache
def _built(name: str) -> tuple[Any, ...]:
    return documents(DEPLOY / name)


@pytest.fixture
def built() -> Callable[[str], list[dict[str, Any]]]:
    """Return the documents of a folder of deploy/, each time others, to be changed at will."""
    return lambda name: copy.deepcopy(list(_built(name)))
