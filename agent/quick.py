"""The small net that looks first where a large one judges replies; see ``agent.pruning``.

It learned to rank replies as ``pretrained`` does (``agent.distilling``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from agent.players.network import NetworkAgent

NAME = "quick"
# What it may put a play behind its best one, in points, for the large net to look at it.
WITHIN = 0.05
# Fewer weights than this, and looking twice costs more than it spares.
_LARGE = 100_000


def quick_for(judge: Any) -> NetworkAgent | None:
    """Return who looks first for ``judge``: ``quick`` for large networks, else ``None``."""
    if not isinstance(judge, NetworkAgent) or _weights(judge.params) < _LARGE:
        return None
    return _quick()


@lru_cache(maxsize=1)
def _quick() -> NetworkAgent:
    # The catalog knows of players that look ahead, and these of this file.
    from agent.catalog import get

    agent = get(NAME)
    assert isinstance(agent, NetworkAgent)
    return agent


def _weights(tree: Any) -> int:
    return sum(_weights(part) if isinstance(part, dict) else part.size for part in tree.values())
