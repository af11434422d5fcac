"""An agent behind the batched JSON-lines player protocol, version 1.

One request a line, one answer a line, each a JSON object. The requests: `hello`, `move`, `eval`
(if the agent is an `Evaluator`), `legal` and `quit`. Positions are GNU Backgammon's Position IDs
with the player on roll to play; after-positions have the opponent on roll. Whatever cannot be
served is answered `{"error": "..."}`, and the next line is read.
"""

from __future__ import annotations

import json
import logging
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from agent.protocol import Agent, Boards, Evaluator
from engine.errors import EngineError
from engine.ids import decode_positions, encode_positions
from engine.plays import afterstates_of
from serve.lines import converse

PROTOCOL = 1

_LONGEST_ERROR = 300
_log = logging.getLogger(__name__)


class RequestError(ValueError):
    """A request that cannot be served: one line that says why and what would be right."""


def serve(agent: Agent, input: BinaryIO, output: BinaryIO, *, seed: int = 0) -> None:
    """Answer requests from `input`, a binary stream, on `output` until `quit` or the end.

    `seed` determines the choices of an agent that plays at random. Raises `BrokenPipeError` when
    nobody reads the answers any more.
    """
    converse(Player(agent, seed=seed).answer, input, output)


class Player:
    """An agent that answers the lines of the protocol.

    Queries are positions of different games, so an agent that remembers starts afresh in each.
    """

    def __init__(self, agent: Agent, *, seed: int = 0) -> None:
        self._agent = agent
        self._rng = np.random.default_rng(seed)
        self._ops = {"move": self._move, "eval": self._eval, "legal": self._legal}
        if not isinstance(agent, Evaluator):
            del self._ops["eval"]

    def answer(self, line: bytes) -> list[str] | None:
        """Return the one line that answers a request, or None if it is to quit."""
        try:
            request = _parse(line)
            if request["op"] == "quit":
                return None
            return [json.dumps(self._serve(request), allow_nan=False)]
        except (RequestError, EngineError) as error:
            return [_error(str(error))]
        except Exception as error:
            # Whatever else goes wrong with one request must not take the next ones along.
            _log.exception("a request failed")
            return [_error(f"internal error: {type(error).__name__}: {error}")]

    def _serve(self, request: dict[str, Any]) -> dict[str, Any]:
        op = request["op"]
        if op == "hello":
            return self._hello(request)
        if op not in self._ops:
            known = ", ".join(["hello", *self._ops, "quit"])
            raise RequestError(f"{op[:40]!r} is not an op; the ops are {known}")
        query = request.get("q")
        if not isinstance(query, list):
            raise RequestError(f'{op} needs "q", a list of queries')
        return {"r": self._ops[op](query) if query else []}

    def _hello(self, request: dict[str, Any]) -> dict[str, Any]:
        version = request.get("protocol", PROTOCOL)
        if type(version) is not int or version != PROTOCOL:
            raise RequestError(f"protocol must be {PROTOCOL}")
        return {"name": self._agent.name, "protocol": PROTOCOL, "ops": list(self._ops)}

    def _move(self, query: list[Any]) -> list[str]:
        boards, dice = _turns(query)
        memory = self._agent.start(len(boards))
        after, _ = self._agent.choose(boards, dice, memory, self._rng)
        return encode_positions(after)

    def _legal(self, query: list[Any]) -> list[list[str]]:
        boards, dice = _turns(query)
        afters = [afterstates_of(board, *roll)
                  for board, roll in zip(boards, dice.tolist(), strict=True)]
        # One call for all of them: encoding costs by the call more than by the position.
        ids = encode_positions(np.concatenate(afters))
        ends = np.cumsum([len(after) for after in afters]).tolist()
        return [ids[end - len(after):end] for after, end in zip(afters, ends, strict=True)]

    def _eval(self, query: list[Any]) -> list[list[float]]:
        assert isinstance(self._agent, Evaluator)
        boards = _positions(query)
        _refuse(query, ~boards[:, 0].any(-1),
                "the player on roll has borne off everything; a game that is over has the loser on "
                "roll")
        values: list[list[float]] = np.asarray(self._agent.evaluate(boards)).tolist()
        return values


def _error(text: str) -> str:
    return json.dumps({"error": text[:_LONGEST_ERROR]})


def _parse(line: bytes) -> dict[str, Any]:
    """Return the request of a line, an object with a text for its `op`."""
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise RequestError("the line is not UTF-8") from None
    except RecursionError:
        raise RequestError("the line is nested too deeply") from None
    except ValueError as error:
        raise RequestError(f"the line is not JSON: {error}") from None
    if not isinstance(request, dict) or not isinstance(request.get("op"), str):
        raise RequestError('a request must be an object with an "op", as in {"op": "hello"}')
    return request


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _turns(query: list[Any]) -> tuple[Boards, npt.NDArray[np.int8]]:
    """Return the boards int8[B, 2, 25] and the dice int8[B, 2] of queries [id, die, die]."""
    for number, one in enumerate(query):
        if not isinstance(one, list) or len(one) != 3:
            raise RequestError(f"query {number} must be [Position ID, die, die]")
        for die in one[1:]:
            if type(die) is not int or not 1 <= die <= 6:
                raise RequestError(
                    f"query {number} has a wrong die; each is a whole number from 1 to 6")
    ids = [one[0] for one in query]
    boards = _positions(ids)
    _refuse(ids, ~boards.any(-1).all(-1), "the game is over; nothing can be played")
    return boards, np.array([one[1:] for one in query], np.int8)


def _positions(ids: list[Any]) -> Boards:
    for number, text in enumerate(ids):
        if not isinstance(text, str):
            raise RequestError(f"query {number} needs a Position ID, a text of 14 characters")
    return decode_positions(ids)


def _refuse(ids: list[str], bad: npt.NDArray[np.bool_] | np.bool_, what: str) -> None:
    if bad.any():
        number = int(np.argmax(bad))
        raise RequestError(f"query {number}, position {ids[number]!r}: {what}")
