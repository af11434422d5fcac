"""The Node program as a web service: POST /play, and what it says to bad input."""

import http.client
import json
import random
import signal
import socket
import time
from contextlib import closing

import numpy as np
import pytest

from agent.outcome import equity
from engine.board import start
from engine.ids import decode_position, encode_position
from engine.notation import format_play
from engine.plays import play_to, plays
from tests.embed import node_program, onnx_models
from tests.embed.node_program import Server, ask, run
from tests.embed.random_requests import random_requests
from tests.engine.positions import pos, random_game
from tests.serve.test_jsonl import START, WON, WRONG, WRONG_TURNS

TURNS = list(random_game(1))
QUERIES = [[encode_position(board), *dice] for board, dice in TURNS]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    node_program.require()
    return onnx_models.write(tmp_path_factory.mktemp("node") / "model.onnx")


@pytest.fixture(scope="module")
def server(model):
    with Server(model) as running:
        yield running


def test_play_is_that_of_the_player_protocol_with_its_words_and_equity(server, model):
    moves = ask(model, [{"op": "move", "q": QUERIES}])[0]["r"]
    for (board, dice), (text, *_), after in zip(TURNS, QUERIES, moves, strict=True):
        status, answer = server.ask({"position": text, "dice": dice})
        assert (status, answer["position"]) == (200, after)
        play = play_to(decode_position(after), plays(board, *dice))
        assert answer["play"] == format_play(play)
        if play.board[0].any():
            worth = -equity(onnx_models.outcomes(play.after[None]))[0]
            np.testing.assert_allclose(answer["equity"], worth, atol=2e-5)
    assert not play.board[0].any() and answer["equity"] in (1, 2, 3)


def test_nothing_to_move_has_no_words(server):
    board = pos("bar:1 6:14 / 6:2 5:2 4:2 3:2 2:2 1:2 8:3")
    status, answer = server.ask({"position": encode_position(board), "dice": [6, 6]})
    assert (status, answer["play"]) == (200, "")
    assert answer["position"] == encode_position(board[::-1])


@pytest.mark.parametrize(
    "turn", [*(one for one in WRONG_TURNS if len(repr(one)) < 10_000), [{"position": START}, 3, 1]],
    ids=lambda turn: repr(turn)[:30])
def test_what_is_no_turn_is_400_and_one_line(server, turn):
    position, *dice = turn if isinstance(turn, list) and turn else [turn]
    assert_refused(server, {"position": position, "dice": dice})


@pytest.mark.parametrize("body", [
    *[one for one in WRONG if len(one) < 10_000], b"", b"{}", {"position": START},
    {"dice": [3, 1]}, {"position": START, "dice": "31"}, {"position": START, "dice": {"0": 3}},
    {"position": WON, "dice": [3, 1]}, b'{"position":"%s","dice":[3,1]}x' % START.encode()],
    ids=lambda body: repr(body)[:30])
def test_what_is_no_request_is_400_and_one_line(server, body):
    assert_refused(server, body)


def assert_refused(server, body):
    status, answer = server.ask(body)
    assert status == 400 and list(answer) == ["error"]
    assert 0 < len(answer["error"]) <= 300 and "\n" not in answer["error"]
    assert "internal" not in answer["error"]


def test_other_paths_and_methods_are_404_and_405(server):
    good = {"position": START, "dice": [3, 1]}
    for path in ("/", "/play/", "/Play", "/plays", "//play", "/%70lay"):
        assert server.ask(good, path=path)[0] == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert server.ask(good, method=method)[0] == 405
    assert server.ask(good, path="/play?x=1")[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "expected"), [(10_000, 400), (10_001, 413), (3_000_000, 413)])
def test_long_bodies_are_413_and_the_next_request_is_answered(server, size, expected, chunked):
    body = iter([b"x" * size]) if chunked else b"x" * size
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as connection:
        try:
            connection.request("POST", "/play", body, encode_chunked=chunked)
            response = connection.getresponse()
            assert response.status == expected
            assert (response.headers["Connection"] == "close") or size < 100_000
        except ConnectionError:
            assert size > 100_000, "of a body so long it need not read the rest"
    assert server.ask({"position": START, "dice": [3, 1]})[0] == 200


@pytest.mark.parametrize("words", [b"hello\r\n\r\n", b"\x16\x03\x01" * 50, b"POST /play\r\n\r\n",
                                   b"POST /play HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                                   b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 10_000])
def test_what_is_no_http_is_400_or_the_end_of_the_connection(server, words):
    with socket.create_connection((server.host, server.port), timeout=30) as wire:
        wire.sendall(words)
        answer = b""
        try:
            while part := wire.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not head or head.startswith(b"HTTP/1.1 400")
    assert not body or list(json.loads(body)) == ["error"]
    assert server.ask({"position": START, "dice": [3, 1]})[0] == 200


def test_a_client_that_leaves_in_the_middle_is_not_waited_for(server):
    for _ in range(20):
        with socket.create_connection((server.host, server.port)) as wire:
            wire.sendall(b"POST /play HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert server.ask({"position": START, "dice": [3, 1]})[0] == 200


def test_10000_random_requests_get_an_answer_each(server):
    rng, statuses = random.Random(0), []
    for line in random_requests(10_000, QUERIES):
        if rng.random() < 0.7:
            text, first, second = rng.choice(QUERIES)
            made = json.dumps({"position": text, "dice": [first, second]}).encode()
            at = rng.randrange(len(made))
            line = made if rng.random() < 0.5 else made[:at] + rng.randbytes(1) + made[at + 1:]
        status, answer = server.ask(line)
        statuses.append(status)
        assert list(answer) == (["error"] if status == 400 else ["position", "play", "equity"])
        assert "internal" not in answer.get("error", "")
    assert set(statuses) == {200, 400} and 0.3 < statuses.count(200) / 10_000 < 0.7


def test_only_this_machine_is_answered_unless_told_otherwise(server):
    assert server.host == "127.0.0.1"


def test_a_port_that_is_taken_is_one_line_and_exit_2(server, model):
    code, output, errors = run(model, "serve", "--port", server.port)
    assert (code, output) == (2, "") and errors.count("\n") == 1
    assert errors.startswith(f"tdgammon-embed: port {server.port} of 127.0.0.1 cannot be had")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_also_while_a_connection_is_open(model, number):
    with Server(model) as running, socket.create_connection((running.host, running.port)) as wire:
        wire.sendall(b"POST /play HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert running.ask({"position": encode_position(start()), "dice": [3, 1]})[0] == 200
        began = time.monotonic()
        running.process.send_signal(number)
        output, errors = running.process.communicate(timeout=30)
        assert (running.process.returncode, output, errors) == (0, b"", b"")
        assert time.monotonic() - began < 10
