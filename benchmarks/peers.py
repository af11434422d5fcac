"""The same work done by other programs: pgx, OpenSpiel and gnubg-nn, each in its own process.

As a script it is the worker: ``python benchmarks/peers.py PEER WORK`` loads the peer, says
``{"ready": true, "version": ...}`` on a line of its own, and answers each line ``SECONDS`` with the
games finished, their plies and the time that took. It imports nothing but the peer, so it runs
under any interpreter that has it. :class:`Peer` is the other end.

* OpenSpiel (pyspiel): a Python loop over its C++ states, a legal action at random. The two halves
  of a double are two actions; a ply is a roll.
* pgx: thousands of games at once in a jitted scan, a legal micro-action at random, one die each.
* gnubg-nn: a Python loop; random: its list of distinct after-positions; greedy: its own 0-ply best
  play, with the nets it ships.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Each plays for about so many seconds: games, their plies.
Player = Callable[[float], tuple[int, int]]
KNOWN = (("openspiel", "random"), ("pgx", "random"), ("gnubg-nn", "random"), ("gnubg-nn", "greedy"))
PACKAGES = {"openspiel": "open_spiel", "pgx": "pgx", "gnubg-nn": "gnubg-nn"}
_PGX_STEPS = 64


def games_until(play: Callable[[], int], seconds: float) -> tuple[int, int]:
    """Play whole games for about so long; ``play`` plays one and returns its plies."""
    stop, games, plies = time.perf_counter() + seconds, 0, 0
    while time.perf_counter() < stop:
        plies += play()
        games += 1
    return games, plies


def openspiel_random(batch: int) -> Player:
    """Return random games of OpenSpiel."""
    import pyspiel  # type: ignore[import-not-found,unused-ignore]

    game = pyspiel.load_game("backgammon(scoring_type=full_scoring)")
    # What a roll can be is the same each time but for the first, so it is asked for once.
    chances: dict[bool, list[int]] = {}

    def play() -> int:
        state, plies = game.new_initial_state(), 0
        while not state.is_terminal():
            if state.is_chance_node():
                first = plies == 0
                if first not in chances:
                    weighted = [(a, round(180 * p)) for a, p in state.chance_outcomes()]
                    chances[first] = [a for a, n in weighted for _ in range(n)]
                state.apply_action(random.choice(chances[first]))
                plies += 1
            else:
                state.apply_action(random.choice(state.legal_actions()))
        return plies

    return lambda seconds: games_until(play, seconds)


def gnubg_game(gnubg: Any, greedy: bool, watch: Callable[..., None] | None = None) -> int:
    """Play one game with gnubg-nn and return its plies; ``watch`` sees every roll and play.

    Its boards are two rows of 25 points, the second that of the player on roll.
    """
    board = gnubg.board_from_position_id("4HPwATDgc/ABMA")
    plies, die = 0, random.randrange
    while True:
        one, two = die(1, 7), die(1, 7)
        while plies == 0 and one == two:
            one, two = die(1, 7), die(1, 7)
        before = board
        if greedy:
            board = gnubg.board_from_position_key(gnubg.best_move(board, one, two, 0, b=1)[1])
        else:
            found = gnubg.moves(board, one, two)
            if found:
                board = gnubg.board_from_position_key(random.choice(found))
            board = (board[1], board[0])
        plies += 1
        if watch is not None:
            watch(before, one, two, board)
        if not any(board[0]):
            return plies


def gnubg_player(greedy: bool) -> Player:
    """Return games of gnubg-nn, random or by its own 0-ply choice."""
    import gnubg_nn  # type: ignore[import-not-found,unused-ignore]

    return lambda seconds: games_until(lambda: gnubg_game(gnubg_nn, greedy), seconds)


def pgx_random(batch: int) -> Player:
    """Return random games of pgx, ``batch`` at once in steady state."""
    import jax
    import jax.numpy as jnp
    import pgx  # type: ignore[import-not-found,unused-ignore]

    env = pgx.make("backgammon")
    init, step = jax.vmap(env.init), jax.vmap(env.step)

    def turn(states: Any, key: Any) -> Any:
        act_key, roll_key, init_key = jax.random.split(key, 3)
        logits = jnp.where(states.legal_action_mask, 0.0, -jnp.inf)
        action = jax.random.categorical(act_key, logits)
        after = step(states, action, jax.random.split(roll_key, batch))
        over = after.terminated | after.truncated
        plies = jnp.sum(over | (after._turn != states._turn))
        fresh = init(jax.random.split(init_key, batch))

        def renew(new: Any, old: Any) -> Any:
            return jnp.where(over.reshape(-1, *(1,) * (old.ndim - 1)), new, old)

        return jax.tree.map(renew, fresh, after), jnp.stack([jnp.sum(over), plies])

    @jax.jit
    def run(states: Any, key: Any) -> Any:
        states, counts = jax.lax.scan(turn, states, jax.random.split(key, _PGX_STEPS))
        return states, counts.sum(0)

    state = [jax.jit(init)(jax.random.split(jax.random.key(0), batch)), jax.random.key(1)]

    def play(seconds: float) -> tuple[int, int]:
        stop, games, plies = time.perf_counter() + seconds, 0, 0
        while time.perf_counter() < stop:
            state[1], key = jax.random.split(state[1])
            state[0], counts = run(state[0], key)
            games, plies = games + int(counts[0]), plies + int(counts[1])
        return games, plies

    ended = 0
    while ended < 2 * batch:  # compiles, and brings the games out of step with each other
        ended += play(1.0)[0]
    return play


def _make(peer: str, work: str, batch: int) -> Player:
    if peer == "openspiel":
        return openspiel_random(batch)
    if peer == "pgx":
        return pgx_random(batch)
    return gnubg_player(work == "greedy")


def serve(peer: str, work: str, batch: int) -> None:
    """Be the worker; see the module."""
    random.seed(1)
    play = _make(peer, work, batch)
    play(0.2)
    version = importlib.metadata.version(PACKAGES[peer])
    print(json.dumps({"ready": True, "version": version}), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        games, plies = play(float(line))
        seconds = time.perf_counter() - began
        print(json.dumps({"games": games, "plies": plies, "seconds": seconds}), flush=True)


class Peer:
    """``processes`` workers of one peer, which play only when asked.

    ``missing`` says why there are none, ``version`` which version they are.
    """

    def __init__(self, python: str, peer: str, work: str, batch: int, processes: int) -> None:
        """Start the workers and wait until they are ready."""
        self.peer, self.work, self.processes = peer, work, processes
        self.missing: str | None = None
        command = [python, str(Path(__file__)), peer, work, str(batch)]
        pipe = subprocess.PIPE
        self._workers = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            for _ in range(processes)
        ]
        self.version = ""
        for worker in self._workers:
            answer = self._read(worker)
            if not answer.get("ready"):
                self.missing = str(answer.get("error"))
            self.version = str(answer.get("version", ""))
        if self.missing:
            self.close()

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.peer if self.processes == 1 else f"{self.peer} ×{self.processes}"

    def _read(self, worker: subprocess.Popen[str]) -> dict[str, Any]:
        assert worker.stdout is not None and worker.stderr is not None
        # Some peers greet on stdout: only JSON objects are answers.
        for line in worker.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        lines = worker.stderr.read().strip().splitlines()
        return {"error": lines[-1] if lines else "it ended without a word"}

    def stretch(self, seconds: float) -> dict[str, float]:
        """Play for about so long, all workers at once: games and plies per second, plies a game."""
        for worker in self._workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{seconds}\n")
            worker.stdin.flush()
        answers = [self._read(worker) for worker in self._workers]
        broken = [a["error"] for a in answers if "error" in a]
        if broken:
            raise RuntimeError(f"{self.name} stopped: {broken[0]}")
        games, plies = sum(a["games"] for a in answers), sum(a["plies"] for a in answers)
        return {
            "games_per_second": sum(a["games"] / a["seconds"] for a in answers),
            "plies_per_second": sum(a["plies"] / a["seconds"] for a in answers),
            "plies_per_game": plies / max(1, games),
        }

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            assert worker.stdin is not None
            worker.stdin.close()
            worker.wait(timeout=30)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
