"""The folder of a run: goals, metrics, measurements; stopping, crashing and going on."""

import json

import numpy as np
import pytest

import agent.run
from agent.checkpoint import Checkpoint, flatten, load
from agent.errors import AgentError, CheckpointError
from agent.players.random_play import RandomAgent
from agent.run import METRICS, Finished, Goal, Measured, Metrics, Progress, open_folder, run
from agent.training import Report
from tests.agent.conftest import ADAM
from tests.agent.oracle import assert_identical, random_params


@pytest.mark.parametrize("goal", [
    {}, {"games": 1, "minutes": 1.0}, {"games": 0}, {"games": -5}, {"minutes": 0.0},
    {"minutes": -1.0}, {"minutes": float("nan")}, {"minutes": float("inf")},
])
def test_a_goal_is_some_games_or_some_minutes(goal):
    with pytest.raises(AgentError):
        Goal(**goal)


def test_the_share_of_a_goal():
    assert [Goal(games=200).share(n, 1e9) for n in (0, 50, 200, 300)] == [0, 0.25, 1, 1]
    assert [Goal(minutes=2.0).share(10**9, s) for s in (0, 30, 120, 500)] == [0, 0.25, 1, 1]


def test_measurements_are_due_at_1_2_5_thousand_and_so_on():
    marks, games = [], 0
    while games < 400_000:
        games = agent.run.next_measurement(games)
        marks.append(games)
    thousands = [1, 2, 5, 10, 20, 50, 100, 200, 300, 400]
    assert marks == [1000 * n for n in thousands]
    assert agent.run.next_measurement(999) == 1000 and agent.run.next_measurement(1000) == 2000
    assert agent.run.next_measurement(50_001) == agent.run.next_measurement(99_999) == 100_000


class Counter:
    """Stands in for ``Trainer`` where only the book-keeping matters: 300 games a step."""

    def __init__(self, config, *, checkpoint=None, start=None, quick=None, rivals=()) -> None:
        self.config, self.games, self.results = config, 0, {}
        if checkpoint is not None:
            self.games, self.results = checkpoint.meta["games"], checkpoint.meta["results"]

    def step(self) -> Report:
        self.games += 300
        n = self.games
        return Report(games=n, finished=300, loss_per_game=1000 / n, plies_per_game=50 + n % 7,
                      gammons=1 / n, alpha=0.1, lam=0.5)

    def agent(self, name):
        return RandomAgent()

    def net(self) -> Checkpoint:
        whole = self.checkpoint()
        return Checkpoint(whole.meta, whole.params)

    def checkpoint(self) -> Checkpoint:
        meta = {"net": "mlp", "settings": {"hidden": [4]}, "features": "tesauro198-v1",
                "config": {}, "games": self.games, "seed": 1, "results": self.results}
        return Checkpoint(meta, random_params(1), {"x": np.zeros(1)})


@pytest.fixture
def counter(monkeypatch):
    monkeypatch.setattr(agent.run, "Trainer", Counter)
    monkeypatch.setattr(agent.run, "draw", lambda rows, path: path.write_text(str(len(rows))))


def sitting(folder, games, *, stop_at=lambda event: False, resume=False, measure_games=0):
    """Run to the goal, or until after the event at which to stop; return the events."""
    if not resume:
        open_folder(folder)
    events = []
    for event in run(ADAM, folder, Goal(games=games), resume=resume, measure_games=measure_games,
                     stop=lambda: bool(events) and stop_at(events[-1])):
        events.append(event)
    return events


def step_to(games):
    """Return whether an event is a step to at least so many games."""
    return lambda event: isinstance(event, Progress) and event.report.games >= games


def measured_against(opponent):
    return lambda event: isinstance(event, Measured) and event.contest.opponent == opponent


def rows(folder):
    """Return the lines of the metrics, without what depends on the clock."""
    found = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    for row in found:
        row.pop("seconds", None), row.pop("games_per_s", None)
        row.get("contest", {}).pop("games_per_s", None)
    return found


def test_the_events_of_a_sitting(counter, tmp_path):
    events = sitting(tmp_path / "run", 2500, measure_games=2)
    steps = [e for e in events if isinstance(e, Progress)]
    assert [e.report.games for e in steps] == list(range(300, 2701, 300))
    assert [e.share for e in steps] == [min(1, n / 2500) for n in range(300, 2701, 300)]
    measured = [(e.games, e.contest.opponent) for e in events if isinstance(e, Measured)]
    at = [n for n in (1200, 2100, 2700) for _ in range(2)]
    assert measured == list(zip(at, ["random", "pubeval"] * 3, strict=True))
    assert isinstance(events[-1], Finished)
    assert (events[-1].games, events[-1].stopped) == (2700, False)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "checkpoint.npz", "metrics.jsonl", "nets", "progress.png"]
    nets = sorted((tmp_path / "run" / "nets").iterdir())
    assert [p.name for p in nets] == ["000001200.npz", "000002100.npz", "000002700.npz"]
    first = load(nets[0])
    assert first.meta["games"] == 1200 and not first.run
    assert sorted(first.meta["results"]) == ["pubeval@1200", "random@1200"]
    kept = load(tmp_path / "run").meta["results"]
    assert sorted(kept) == sorted(f"{o}@{n}" for n in (1200, 2100, 2700)
                                  for o in ("random", "pubeval"))


def test_a_row_is_the_mean_over_its_games(counter, tmp_path):
    sitting(tmp_path / "run", 1500)
    first, last = rows(tmp_path / "run")
    assert (first["games"], last["games"]) == (1200, 1500)
    mean = np.mean([1000 / n for n in (300, 600, 900, 1200)])
    assert first["loss_per_game"] == pytest.approx(mean)
    assert last["plies_per_game"] == 50 + 1500 % 7
    assert (first["alpha"], first["lambda"]) == (0.1, 0.5)


def test_stopped_and_resumed_leaves_the_same_metrics(counter, tmp_path):
    sitting(tmp_path / "one", 6000, measure_games=2)
    # The fourth step completes a row and is measured.
    events = sitting(tmp_path / "two", 6000, measure_games=2, stop_at=measured_against("pubeval"))
    assert events[-1].stopped and events[-1].games == 1200
    events = sitting(tmp_path / "two", 6000, resume=True, measure_games=2)
    assert events[0].report.games == 1500 and not events[-1].stopped
    assert rows(tmp_path / "two") == rows(tmp_path / "one")
    assert load(tmp_path / "two").meta["games"] == load(tmp_path / "one").meta["games"]


def test_a_stop_within_a_row_loses_no_game(counter, tmp_path):
    sitting(tmp_path / "one", 1200)
    sitting(tmp_path / "two", 1200, stop_at=step_to(600))
    sitting(tmp_path / "two", 1200, resume=True)
    (whole,), parts = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert [row["games"] for row in parts] == [600, 1200]
    for name in ("loss_per_game", "plies_per_game", "gammons"):
        assert np.mean([row[name] for row in parts]) == pytest.approx(whole[name])


def test_rows_written_after_the_last_checkpoint_of_a_crash_are_dropped(
        counter, tmp_path):
    folder = tmp_path / "run"
    sitting(folder, 2000)
    kept = rows(folder)
    # A second sitting that writes rows but dies before it saves.
    sitting_on = run(ADAM, folder, Goal(games=9000), resume=True, measure_games=0)
    while next(sitting_on).report.games < 4500:
        pass
    sitting_on.close()
    assert len(rows(folder)) > len(kept)
    with open(folder / METRICS, "a") as file:
        file.write('{"games": 4800, "loss_per')  # the power failed
    third = run(ADAM, folder, Goal(games=9000), resume=True, measure_games=0, save_seconds=-1.0)
    assert next(third).report.games == 2400
    assert rows(folder) == kept
    # Now it saves after every step, so a crash loses only the step it was in.
    while next(third).report.games < 4500:
        pass
    third.close()
    assert load(folder).meta["games"] == 4200
    events = sitting(folder, 9000, resume=True)
    assert events[0].report.games == 4500
    games = [row["games"] for row in rows(folder)]
    assert games == sorted(set(games)) and games[-1] == 9000


def test_a_stop_in_the_midst_of_a_measurement_is_heeded(counter, tmp_path):
    began = []

    def stop_at(event):
        began.append(event)
        return len(began) > 4 and step_to(1200)(event)

    events = sitting(tmp_path / "run", 6000, stop_at=stop_at, measure_games=2)
    assert not any(isinstance(e, Measured) for e in events)
    assert events[-1].stopped and events[-1].games == load(tmp_path / "run").meta["games"] == 1200


def test_a_folder_with_a_run_is_not_begun_again(counter, tmp_path):
    sitting(tmp_path / "run", 300)
    with pytest.raises(AgentError, match="--resume"):
        open_folder(tmp_path / "run")
    (tmp_path / "file").write_text("")
    with pytest.raises(AgentError, match="cannot be written"):
        open_folder(tmp_path / "file" / "run")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        next(run(ADAM, tmp_path / "nothing", Goal(games=1), resume=True))


def test_metrics_ignore_lines_that_are_none(tmp_path):
    lines = ['{"games": 5, "a": 1}', "", "not json", "[1]", '{"a": 1}', '{"games": 9}', '{"gam']
    (tmp_path / METRICS).write_text("\n".join(lines))
    metrics = Metrics(tmp_path, up_to=8)
    assert metrics.rows == [{"games": 5, "a": 1}]
    metrics.add({"games": 7})
    assert rows(tmp_path) == [{"games": 5, "a": 1}, {"games": 7}]


def test_metrics_survive_bytes_that_are_no_text_and_rows_of_another_kind(tmp_path):
    (tmp_path / METRICS).write_bytes(b'{"games": "x"}\n\xff\xfe\n{"games": 3}\n')
    assert Metrics(tmp_path, up_to=8).rows == [{"games": 3}]


def test_metrics_that_cannot_be_written_are_one_line(tmp_path):
    (tmp_path / METRICS).mkdir()
    with pytest.raises(AgentError, match="cannot be written"):
        Metrics(tmp_path, up_to=8)


def test_a_folder_left_before_the_run_began_can_be_used(counter, tmp_path):
    open_folder(tmp_path / "run")
    sitting(tmp_path / "run", 300)
    assert load(tmp_path / "run").meta["games"] == 300


def test_going_on_at_the_goal_measures_nothing_twice(counter, tmp_path):
    sitting(tmp_path / "run", 1500, measure_games=2)
    before = rows(tmp_path / "run")
    sitting(tmp_path / "run", 1500, measure_games=2, resume=True)
    assert rows(tmp_path / "run") == before


def test_a_real_run_stopped_and_resumed_is_the_run_in_one_go(compiled, tmp_path):
    sitting(tmp_path / "one", 40)
    events = sitting(tmp_path / "two", 40, stop_at=step_to(10))
    assert events[-1].stopped and 10 <= events[-1].games < 40
    sitting(tmp_path / "two", 40, resume=True)
    one, two = (load(tmp_path / name, with_run=True) for name in ("one", "two"))
    assert_identical(flatten({"run": one.run, "net": one.params}),
                     flatten({"run": two.run, "net": two.params}))
    assert one.meta == two.meta and one.meta["games"] >= 40
    # A stop within a row cuts it in two, which say the same together.
    (whole,), (first, last) = rows(tmp_path / "one"), rows(tmp_path / "two")
    shares = np.array([first["games"], last["games"] - first["games"]]) / whole["games"]
    for name in ("loss_per_game", "plies_per_game", "gammons"):
        assert shares @ [first[name], last[name]] == pytest.approx(whole[name])
    for name in ("games", "alpha", "lambda"):
        assert last[name] == whole[name]
    assert (tmp_path / "one" / "progress.png").stat().st_size > 1000
