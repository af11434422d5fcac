"""Looking into the net of an agent at the board, in the background."""

from __future__ import annotations

import pytest

from agent.players.searching import SearchingAgent
from agent.receptive_field import Layer
from agent.receptive_field_agent import gates_by_point
from engine.board import start
from tests.ui.conv_player import small_conv
from tests.ui.players import FirstPlay
from tests.ui.test_thinking import Broken, Table
from ui.events import AskUnits, Seat, Seated, UnitsSeen

ASK = AskUnits(7, start())
LAYERS = tuple(Layer(3, dilation=d, padding=d) for d in (1, 1, 2, 4))


def asked(table):
    """Ask for the units and return the answer."""
    table.thinking.units(ASK)
    return table.next()


def test_the_net_of_the_opponent_is_looked_into_also_if_it_looks_ahead():
    net = small_conv()
    table = Table(net=net, ahead=SearchingAgent(net, 1))
    gates = tuple(gates_by_point(net, start()))
    for name, called in (("net", "conv"), ("ahead", "conv:1")):
        table.seat(None, name)
        assert asked(table) == UnitsSeen(7, called, LAYERS, gates)


def test_of_two_agents_the_far_one_comes_first_if_it_has_convolutions():
    table = Table(one=small_conv("one"), other=small_conv("other", layers=1), first=FirstPlay())
    table.seat("one", "other")
    assert asked(table).name == "other"
    table.seat("one", "first")
    assert asked(table).name == "one"


@pytest.mark.parametrize(("agent", "reason"), [
    (FirstPlay(), "first has no convolutions; only a net trained with --net conv has them"),
    (Broken(ValueError("x")), "broken has no convolutions; only a net trained with --net conv has "
                              "them"),
    (None, "no agent plays here"),
])
def test_why_there_are_no_units_is_said_in_a_line(agent, reason):
    table = Table(agent=agent)
    if agent is not None:
        table.seat(None, "agent")
    assert asked(table) == UnitsSeen(7, reason=reason)


def test_an_agent_on_its_way_to_its_seat_is_waited_for():
    table = Table(net=small_conv())
    table.thinking.seat(Seat((None, "net")))
    table.thinking.units(ASK)
    assert isinstance(table.next(), Seated)
    assert table.next().layers == LAYERS


def test_a_net_that_cannot_be_run_is_told():
    net = small_conv()
    net.params["params"].pop("stack")
    table = Table(net=net)
    table.seat(None, "net")
    assert asked(table) == UnitsSeen(7, reason="KeyError: 'stack'")


def test_of_two_questions_the_newer_one_is_answered_and_none_after_closing():
    table = Table(net=small_conv())
    table.seat(None, "net")
    table.thinking.units(AskUnits(1, start()))
    table.thinking.units(AskUnits(2, start()))
    answers = [table.next()]
    if answers[0].request == 1:
        answers.append(table.next())
    assert answers[-1].request == 2
    table.thinking.close()
    table.thinking.units(AskUnits(3, start()))
    assert table.silent()
