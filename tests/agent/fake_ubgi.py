"""A UBGI engine that makes the last legal play, or misbehaves as its argument says."""

import sys
import time
from pathlib import Path

from engine.errors import EngineError
from engine.ids import parse_fibs_board, parse_xgid
from engine.notation import ubgi_play
from engine.plays import plays

# Only looked through, for doctests, it has no argument.
MODE, *MORE = sys.argv[1:] or [""]


def answer(line):
    if MODE == "xgid" and not line.startswith("XGID"):
        return "sorry"
    try:
        position = (parse_fibs_board if line.startswith("board:") else parse_xgid)(line)
    except EngineError:
        return "sorry"
    return ubgi_play(plays(position.board, *position.dice)[-1])


def main():
    for line in map(str.strip, sys.stdin):
        if line == "quit":
            if MODE == "signs off":
                Path(*MORE).write_text("bye")
            return
        if line == "ubgi":
            if MODE != "mute":
                print("id name fake\nid version 1\nreadyok", flush=True)
        elif MODE == "hangs":
            time.sleep(60)
        elif MODE == "dies":
            print("hello", "out of memory", file=sys.stderr, sep="\n")
            sys.exit(3)
        elif MODE == "says":
            print(*MORE, flush=True)
        else:
            print(answer(line), flush=True)
            if MODE == "ready":
                print("readyok", flush=True)


if __name__ == "__main__":
    main()
