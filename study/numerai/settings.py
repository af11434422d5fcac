"""What is to be done by the study of the competition's pipeline, and with how much."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from agent.errors import ConfigError
from study.numerai import adversarial, ladder, positions

PARTS = ("adversarial", "analysis", "embeddings", "ladder", "search", "agents")


@dataclass(frozen=True)
class Settings:
    """What is played, and which parts are done with it.

    ``train`` and ``test``, ``games`` of each and ``per_game`` positions of each game as in
    ``positions.play``; ``obfuscate``: whether views are rotated, so that nobody can tell what their
    columns mean; ``rows`` that models of the ladder and of the search are fitted to; ``seeds`` of
    adversarial validation and ladder; ``trials`` of the search; ``measure``: games of each agent
    against each opponent; ``small``: whether all is made for a look within a minute.
    """

    parts: tuple[str, ...] = PARTS
    train: tuple[str, ...] = ("td-gammon", "td-gammon@siblings", "highway", "pubeval", "random")
    test: tuple[str, ...] = ("pretrained",)
    games: int = 3000
    per_game: int = 6
    obfuscate: bool = False
    rows: int = 30_000
    seeds: int = 3
    trials: int = 40
    measure: int = 1000
    seed: int = 1
    small: bool = False

    def __post_init__(self) -> None:
        for name in ("parts", "train", "test"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.parts or not set(PARTS).issuperset(self.parts):
            raise ConfigError(f"parts must be some of {', '.join(PARTS)}, "
                              f"not {', '.join(self.parts) or 'none'}")
        if self.trials < 1 or self.measure < 2:
            raise ConfigError("there must be one trial and 2 games to measure at least, not "
                              f"{self.trials} and {self.measure}")
        # Errors of the parts' own come before anything is played.
        _ = self.of_ladder, self.of_adversarial
        for name in (*self.train, *self.test):
            positions.Source.of(name)

    @staticmethod
    def quick(**given: Any) -> Settings:
        """Return settings that take about a minute, but for those given."""
        return Settings(**{
            "train": ("td-gammon", "td-gammon@siblings", "random"), "games": 60, "per_game": 8,
            "rows": 800, "seeds": 1, "trials": 6, "measure": 20, "small": True, **given})

    @property
    def of_ladder(self) -> ladder.Settings:
        """Settings of the ladder."""
        known = ladder.QUICK.sizes if self.small else ladder.Settings().sizes
        sizes = tuple(size for size in known if size < self.rows)
        return ladder.Settings(self.rows, sizes, self.seeds, self.seed, self.small)

    @property
    def of_adversarial(self) -> adversarial.Settings:
        """Settings of adversarial validation."""
        base = adversarial.QUICK if self.small else adversarial.Settings()
        return adversarial.Settings(**{**asdict(base), "seeds": self.seeds, "seed": self.seed})

    def as_json(self) -> dict[str, Any]:
        """Return plain values, but for the parts."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        del found["parts"]
        return found
