"""The table of what ``tdgammon cluster-check`` looked at."""

from __future__ import annotations

from collections.abc import Sequence

from agent.deployment.rules import Check


def check_table(title: str, said: Sequence[Check], tried: Sequence[Check]) -> str:
    """Return the checks of the manifest and of the trial as lines of text."""
    width = max((len(check.name) for check in (*said, *tried)), default=0)
    lines = [title]
    for heading, checks in (("what the manifest says", said), ("what its processes do", tried)):
        if checks:
            lines += ["", heading]
            lines += [f"  {'pass' if c.passed else 'FAIL'}  {c.name:<{width}}  {c.detail}"
                      for c in checks]
    failed = sum(not check.passed for check in (*said, *tried))
    count = len(said) + len(tried)
    lines += ["", f"{count - failed} of {count} passed; no cluster was used"]
    return "\n".join(lines)
