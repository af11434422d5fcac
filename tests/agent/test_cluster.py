"""Processes that meet, tell each other things, and notice who is lost; without jax, in threads."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agent.arena import play_contest
from agent.cluster import ALONE, Cluster
from agent.errors import ClusterError, ConfigError
from agent.joining import join
from agent.links import Link
from agent.parts import joint, part
from agent.place import Place
from tests.agent.test_arena import Runner


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def met(place):
    """Return whom a process has met, once it has."""
    links = join(place)
    time.sleep(0.2)
    for link in links.values():
        link.close()
    return sorted(links)


def places(count, seconds=20.0, **more):
    port = free_port()
    return [Place("127.0.0.1", port, count, rank, seconds, **more) for rank in range(count)]


def in_threads(function, arguments):
    """Return what a function returns or raises for each argument, all at the same time."""
    def caught(argument):
        try:
            return function(argument)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(caught, arguments))


def together(count, function):
    """Return what ``function(cluster)`` returns to each of so many processes, and let them end."""
    def member(place):
        cluster = Cluster(place.rank, place.count, join(place))
        try:
            return function(cluster)
        finally:
            cluster.leave()

    return in_threads(member, places(count))


def test_messages_reach_whom_they_are_for_whole_and_in_order():
    big = os.urandom(3_000_000)

    def talk(cluster):
        sent = cluster.scatter([b"%d" % n for n in range(cluster.count)])
        gathered = cluster.gather(b"from %d" % cluster.rank)
        everyones = cluster.everyones(b"x" * cluster.rank)
        return sent, gathered, everyones, cluster.broadcast(big if cluster.first else b"") == big

    first, *others = together(4, talk)
    assert first == (b"0", [b"from %d" % n for n in range(4)], [b"", b"x", b"xx", b"xxx"], True)
    assert others == [(b"%d" % n, [], [b"", b"x", b"xx", b"xxx"], True) for n in (1, 2, 3)]


def test_a_process_alone_is_a_cluster_of_one():
    assert ALONE.first and ALONE.gather(b"a") == ALONE.everyones(b"a") == [b"a"]
    assert ALONE.scatter([b"b"]) == ALONE.broadcast(b"b") == b"b"


def test_a_wish_to_stop_reaches_the_first_process_from_any():
    def ask(cluster):
        asked = []
        cluster.when_asked(asked.append)
        if cluster.rank == 2:
            cluster.ask_to_stop(15)
        deadline = time.monotonic() + 20
        while cluster.first and not asked and time.monotonic() < deadline:
            time.sleep(0.01)
        return asked

    assert together(3, ask) == [[15], [], []]


@pytest.mark.parametrize(("changes", "message"), [
    ({"rank": 1}, "a process 1 already"),
    ({"count": 9}, "one of 3, this one as one of 9"),
    ({"task": {"batch": 64}}, "process 2 was given batch 64, process 0 32"),
])
def test_who_does_not_fit_is_told_why_while_the_others_wait_on(changes, message):
    good = places(3, task={"batch": 32})
    odd = Place(**{**vars(good[2]), **changes})
    refused = threading.Event()

    def come(place):
        if place is good[2]:
            refused.wait(20)
        try:
            return met(place)
        except ConfigError as error:
            refused.set()
            return str(error)

    *found, wrong = in_threads(come, [*good, odd])
    if changes == {"rank": 1} and isinstance(wrong, list):
        found[1], wrong = wrong, found[1]  # it came before the other one
    assert found == [[1, 2], [0], [0]]
    assert message in wrong


def test_strangers_at_the_port_are_sent_away():
    first, second = places(2)

    def knock(place):
        if place is not first:
            for _ in range(2):
                while True:
                    try:
                        stranger = socket.create_connection((place.host, place.port), timeout=5)
                        break
                    except OSError:
                        time.sleep(0.05)
                with stranger:
                    stranger.sendall(b"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n")
                    assert stranger.recv(10) == b""
        return met(place)

    assert in_threads(knock, [first, second]) == [[1], [0]]


def test_who_does_not_come_in_time_is_named_to_all():
    good = places(4, seconds=1.0)
    errors = in_threads(join, good[:2])
    assert all(isinstance(e, ClusterError) for e in errors)
    assert "of 4 processes 2 did not come" in str(errors[0])
    assert "within 1 s: 2, 3" in str(errors[0])
    assert str(errors[0]) == str(errors[1]) or "could not be reached" in str(errors[1])
    with pytest.raises(ClusterError, match=r"could not be reached at 127.0.0.1:\d+ within 1 s"):
        join(good[1])


def test_a_port_that_is_taken_is_one_line():
    first, _ = places(2)
    with socket.create_server(("", first.port)), pytest.raises(ClusterError, match="cannot listen"):
        join(first)


MEMBER = """
import sys, time
import agent.cluster as cluster_module
from agent.cluster import joined
from agent.errors import ConfigError
from agent.place import Place

rank, port, what = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
with joined(Place("127.0.0.1", port, 3, rank, 20), with_jax=False) as cluster:
    cluster.everyones(b"")
    print("together", flush=True)
    if what == "wrong":
        raise ConfigError("batch must be even")
    if what == "broken":
        cluster_module._AFTERMATH = 0
        raise ValueError("UNKNOWN: Gloo all-reduce failed: timed out")
    cluster.broadcast() if rank else time.sleep(60)
"""


def members(*whats):
    """Start processes, three of them."""
    port = free_port()
    words = [[sys.executable, "-c", MEMBER, str(n), str(port), what]
             for n, what in enumerate(whats)]
    return [subprocess.Popen(w, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for w in words]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_lost_process_ends_the_others_with_one_line_and_a_code(victim):
    made = members("", "", "")
    for process in made:
        assert process.stdout.readline() == "together\n"
    made[victim].send_signal(signal.SIGKILL)
    for n, process in enumerate(made):
        _, err = process.communicate(timeout=60)
        if n != victim:
            assert process.returncode == 75
            assert err == (f"tdgammon: process {victim} of 3 was lost (its connection closed), so "
                           "all end; started again, they go on from the last checkpoint\n")


def test_a_process_that_stops_to_move_is_lost_too(monkeypatch):
    said = []
    monkeypatch.setattr("agent.cluster._SILENCE", 0.5)
    monkeypatch.setattr("agent.cluster._BEAT", 0.05)
    monkeypatch.setattr(Cluster, "_end", lambda self, message, code: said.append((message, code)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = socket.create_connection(listener.getsockname())
        link = Link(listener.accept()[0])
    cluster = Cluster(0, 2, {1: link})
    deadline = time.monotonic() + 20
    while not said and time.monotonic() < deadline:
        time.sleep(0.02)
    cluster._over = True
    silent.close()
    link.close()
    assert said[0] == ("process 1 of 2 was lost (nothing was heard of it for 0.5 s), so all end; "
                       "started again, they go on from the last checkpoint", 75)


@pytest.mark.parametrize(("what", "error", "message", "code"), [
    ("wrong", "ConfigError", "batch must be even", 2),
    ("broken", "ClusterError", "what all processes compute together failed: UNKNOWN: Gloo "
     "all-reduce failed: timed out", 75),
])
def test_an_error_in_one_process_is_said_by_all(what, error, message, code):
    made = members("", what, "")
    said = [process.communicate(timeout=60)[1] for process in made]
    assert [process.returncode for process in made] == [code] * 3
    for n in (0, 2):
        assert said[n] == f"tdgammon: process 1 of 3: {message}\n"
    assert f"{error}: {message}" in said[1]


@pytest.mark.parametrize(("count", "processes", "group"), [(9, 2, 2), (1, 3, 2), (0, 2, 1),
                                                          (1296, 7, 1), (512, 4, 512)])
def test_parts_are_all_in_order_and_keep_groups_together(count, processes, group):
    parts = [part(count, Cluster(rank, processes), group) for rank in range(processes)]
    assert [n for p in parts for n in range(p.start, p.stop)] == list(range(count))
    assert all(p.start % group == 0 or p.start == count for p in parts)


@pytest.mark.parametrize(("games", "processes"), [(9, 2), (3, 3)])
def test_a_contest_is_the_same_whoever_plays_its_games(games, processes):
    def contest(cluster):
        found = play_contest(Runner("a"), Runner("b", take=1), games, seed=5, cluster=cluster)
        return {**found.as_json(), "games_per_s": None}

    alone = contest(ALONE)
    assert together(processes, contest) == [alone] * processes
    assert json.dumps(alone)


def test_results_are_put_together_by_process():
    def mine(cluster):
        rows = np.arange(6).reshape(3, 2)[part(3, cluster)]
        return joint({"rows": rows}, cluster)["rows"].tolist()

    assert together(2, mine) == [np.arange(6).reshape(3, 2).tolist()] * 2
