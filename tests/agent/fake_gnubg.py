"""Stands in for GNU Backgammon on its socket: reads a command file, listens, answers board lines.

The environment's FAKE_GNUBG says how it misbehaves. Like the program it reads at most 255 bytes at
a time and drops what follows the first line of them.
"""

import os
import socket
import sys
import time
from pathlib import Path

from engine.errors import EngineError
from engine.ids import parse_fibs_board
from engine.notation import ubgi_play
from engine.plays import plays

MODE = os.environ.get("FAKE_GNUBG", "")


def answer(line):
    """Return the play it makes: the last one that the rules list."""
    if MODE == "illegal":
        return "24/1 24/1 "
    try:
        position = parse_fibs_board(line)
    except EngineError:
        return "Error: badly formed board"
    return "beaver" if position.doubled else ubgi_play(plays(position.board, *position.dice)[-1])


def listen(port):
    with socket.create_server(("127.0.0.1", port)) as server:
        print(f"Waiting for a connection from 127.0.0.1:{port}...", flush=True)
        peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with peer:
        while data := peer.recv(255):
            if MODE == "dies":
                sys.exit("Segmentation fault")
            if MODE == "hangs":
                time.sleep(60)
            line = data.decode().split("\n")[0]
            text = "Error: no such luck" if MODE == "error" else answer(line)
            # A socket keeps no pieces together.
            peer.sendall(text[:3].encode())
            peer.sendall(f"{text[3:]} \n".encode())


def main():
    commands = Path(sys.argv[sys.argv.index("-c") + 1]).read_text().splitlines()
    print("GNU Backgammon 0.0")
    if MODE == "deaf":
        time.sleep(60)
    if MODE == "refuses":
        sys.exit("cannot open display")
    plies = [line.split()[-1] for line in commands if " plies " in line]
    assert plies in (["0"], ["1"], ["2"]), commands
    assert "set jacoby off" in commands and {"-t", "-q", "-r", "-s"} <= set(sys.argv)
    listen(int(commands[-1].removeprefix("external 127.0.0.1:")))


if __name__ == "__main__":
    main()
