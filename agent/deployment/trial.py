"""A Job tried out on this machine: started, one process killed, started again, to its end.

The processes are those of the manifest (``agent.deployment.pods``), what becomes of the Job is
decided by its own rules (``agent.deployment.restarts``). No cluster is needed, and none is imitated
beyond that: no scheduler, no network between nodes, no volume, no image.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.checkpoint import FILE_NAME, load
from agent.deployment.manifest import ManifestError, Workload
from agent.deployment.pods import Here, Pod, command, free_port, start
from agent.deployment.restarts import Restarts
from agent.deployment.rules import Check
from agent.errors import CheckpointError
from agent.run import METRICS

ENDS_WITHIN = 60.0
_LOST_A_PEER, _TERMINATED = 75, 143
# More than is ever played before the processes are stopped.
_ENDLESS = 10**9
_PATIENCE = 600.0
_PAUSE = 0.1


class _TrialError(Exception):
    """What keeps the trial from going on; the message is the detail of its check."""


class Trial:
    """One manifest tried out; ``checks`` grows while it runs."""

    def __init__(
        self, workload: Workload, count: int, kill: int, root: Path, *, more: Sequence[str] = (),
        checkpoint_seconds: float = 5.0, say: Callable[[str], None] = lambda words: None,
    ) -> None:
        """Prepare it.

        Args:
            workload: what to start.
            count: how many processes.
            kill: the number of the one to kill.
            root: an empty folder for volumes and output.
            more: arguments for the processes, behind those of the manifest.
            checkpoint_seconds: how often a checkpoint is written.
            say: told what is done next.

        Raises:
            ManifestError: it cannot be started here.
        """
        self._workload, self._count, self._kill, self._root = workload, count, kill, root
        self.overrides = ["--device=cpu", "--measure=0",
                          f"--checkpoint-seconds={checkpoint_seconds:g}", *more]
        self._say, self._restarts = say, Restarts(workload)
        self._attempt = 0
        self._pods: list[Pod] = []
        self.checks: list[Check] = []
        line, _ = command(workload, 0, self._here(_ENDLESS))
        out = next((a.removeprefix("--out=") for a in line if a.startswith("--out=")), "")
        if "train" not in line or not out.startswith(str(root)):
            raise ManifestError("the command must be `train` with --out=FOLDER on a claim")
        self.folder = Path(out)

    def run(self, *, terminate: bool = True) -> list[Check]:
        """Do all of it, and return what was checked; nothing started is left behind.

        ``terminate``: also start a second time to send SIGTERM, before the run goes on to its end.
        """
        steps = [("training begins", self._begun), (f"kill -9 of process {self._kill}",
                                                    self._killed)]
        if terminate:
            steps += [("all start again and go on", self._gone_on),
                      ("SIGTERM to one process", self._terminated)]
        steps += [("all start again, to the end", self._finished)]
        try:
            for name, step in steps:
                self._say(name)
                step(name)
        except _TrialError as error:
            self.checks.append(Check(name, False, str(error)))
        finally:
            for pod in self._pods:
                if pod.process.poll() is None:
                    pod.process.kill()
                pod.process.wait()
        return self.checks

    def _begun(self, step: str) -> None:
        self._start(_ENDLESS)
        games = self._checkpoint_after(0)
        self._passed(step, f"{self._count} processes, a checkpoint after {games} games")

    def _gone_on(self, step: str) -> None:
        before, saved = self._rows(), self._saved()
        self._start(_ENDLESS)
        self._went_on(step, before, self._checkpoint_after(saved))

    def _here(self, games: int) -> Here:
        return Here(self._count, free_port(), self._root, [*self.overrides, f"--games={games}"])

    def _start(self, games: int) -> None:
        """Start all processes anew, to train until ``games`` in all."""
        self._attempt += 1
        self._pods = start(self._workload, self._here(games), self._attempt)

    def _passed(self, step: str, detail: str) -> None:
        self.checks.append(Check(step, True, detail))

    def _saved(self) -> int:
        """Return the games of the checkpoint, whole and fit to go on from; 0: there is none."""
        if not (self.folder / FILE_NAME).exists():
            return 0
        try:
            return int(load(self.folder, with_run=True).meta["games"])
        except CheckpointError as error:
            raise _TrialError(str(error)) from error

    def _checkpoint_after(self, games: int) -> int:
        """Wait for a checkpoint of more games, and return of how many."""
        deadline = time.monotonic() + _PATIENCE
        while (found := self._saved()) <= games:
            if any(pod.process.poll() is not None for pod in self._pods):
                self._ended(self._pods, ENDS_WITHIN)
                raise _TrialError(_story(self._culprit(0)))
            if time.monotonic() > deadline:
                raise _TrialError(f"no checkpoint within {_PATIENCE:g} s")
            time.sleep(_PAUSE)
        return found

    def _ended(self, pods: Sequence[Pod], seconds: float) -> float:
        """Wait until these have ended, and return how long it took."""
        began = time.monotonic()
        while running := [pod.index for pod in pods if pod.process.poll() is None]:
            if time.monotonic() - began > seconds:
                raise _TrialError(f"process {running[0]} still runs after {seconds:g} s")
            time.sleep(_PAUSE)
        return time.monotonic() - began

    def _culprit(self, wanted: int) -> Pod | None:
        """Return the process that ended otherwise than it should, first of all one by itself."""
        wrong = [pod for pod in self._pods if _code(pod) != wanted]
        return min(wrong, key=lambda pod: _code(pod) == _LOST_A_PEER, default=None)

    def _killed(self, step: str) -> None:
        victim = self._pods[self._kill]
        victim.process.kill()
        others = [pod for pod in self._pods if pod is not victim]
        seconds = self._ended(self._pods, ENDS_WITHIN)
        wrong = [pod for pod in others if _code(pod) != _LOST_A_PEER or not pod.message]
        if wrong:
            raise _TrialError(f"{_story(wrong[0])}; it should be {_LOST_A_PEER}")
        said = f"; {others[0].message}" if others else ""
        self._passed(step, f"the others ended after {seconds:.1f} s with code {_LOST_A_PEER}{said}")
        self._decided("the Job's rules then", "restart")

    def _decided(self, step: str, wanted: str) -> None:
        codes = {pod.index: _code(pod) for pod in self._pods}
        actions = ", ".join(f"{i}: {c} {self._restarts.action(c)}" for i, c in codes.items())
        decision = self._restarts.decide(codes)
        self.checks.append(Check(step, decision == wanted, f"{decision} ({actions})"))
        if decision != wanted:
            raise _TrialError(f"the Job would not go on: {decision}")

    def _rows(self) -> list[Mapping[str, Any]]:
        """Return the metrics up to the checkpoint, which a run that goes on keeps."""
        games = self._saved()
        text = (self.folder / METRICS).read_text(encoding="utf-8")
        return [row for row in map(json.loads, text.splitlines()) if row["games"] <= games]

    def _went_on(self, step: str, before: list[Mapping[str, Any]], games: int) -> None:
        """Check that a run was taken up: all it had noted is still there, and more."""
        after = self._rows()
        if not before or after[:len(before)] != before or len(after) <= len(before):
            raise _TrialError("the run was begun anew: what it had noted before is gone")
        self._passed(step, f"from the checkpoint at {before[-1]['games']} games to one at {games}")

    def _terminated(self, step: str) -> None:
        before = self._saved()
        grace = float(self._workload.pod.get("terminationGracePeriodSeconds", 30))
        self._pods[-1].process.send_signal(signal.SIGTERM)
        seconds = self._ended(self._pods, grace)
        if wrong := self._culprit(_TERMINATED):
            raise _TrialError(f"{_story(wrong)}; it should be {_TERMINATED}")
        games = self._saved()
        if games < before:
            raise _TrialError(f"the checkpoint fell back from {before} to {games} games")
        self._passed(step, f"all ended after {seconds:.1f} s (of {grace:g} s) with code "
                     f"{_TERMINATED}, a checkpoint at {games} games")
        self._decided("the Job's rules then", "restart")

    def _finished(self, step: str) -> None:
        before = self._rows()
        self._start(self._saved() + 1)
        self._ended(self._pods, _PATIENCE)
        if wrong := self._culprit(0):
            raise _TrialError(_story(wrong))
        self._went_on(step, before, self._saved())
        self._decided("the Job's rules then", "complete")


def _story(pod: Pod | None) -> str:
    """Return how a process ended: its code and its last words."""
    return "all ended" if pod is None else (
        f"process {pod.index} ended with code {_code(pod)}: {pod.message}")


def _code(pod: Pod) -> int:
    """Return the exit code as a container's: 128 and the signal where one ended it."""
    code = pod.process.returncode
    return 128 - code if code < 0 else code
