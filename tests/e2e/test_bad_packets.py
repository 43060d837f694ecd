"""Packets that no client library sends, over the bare transports.

Each is rejected the same way: an error ack where an ack id was sent, no handler, a connection that
survives, one line in the log, and nothing of the payload in it.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.e2e.processes import Process
from tests.e2e.wire import Packet, Wire

MARKER = "MARKER"  # in the payloads; never in the log
NOISE = "message handler error"  # what engineio says above the traceback of what it did not expect
DEEP = 100_000


class Bad(NamedTuple):
    """What is sent; packets that ask for an ack have the id 1."""

    packets: tuple[Packet, ...]
    status: int | None = 400  # None where no ack was asked for
    pointer: str | None = None
    event: str = "greet"  # whose handler must not run


def event(args: str, *attachments: bytes) -> tuple[Packet, ...]:
    """Return the packets of an event with the ack id 1, given its JSON."""
    head = f"45{len(attachments)}-1" if attachments else "421"
    return (head + args, *attachments)


PLACEHOLDER = '{"_placeholder":true,"num":0}'

BAD = {
    # Not an event at all
    "no data": Bad(("42",), None),
    "no event name": Bad(("42[]",), None),
    "an object": Bad((f'42{{"{MARKER}":1}}',), None),
    "a number for the event name": Bad(("42[1]",), None),
    "no data, ack asked": Bad(event("")),
    "no event name, ack asked": Bad(event("[]")),
    "an object, ack asked": Bad(event(f'{{"{MARKER}":1}}')),
    "a string, ack asked": Bad(event(f'"{MARKER}"')),
    "null for the event name": Bad(event(f'[null,"{MARKER}"]')),
    "a number for the event name, ack asked": Bad(event(f'[1,"{MARKER}"]')),
    "an object for the event name": Bad(event(f'[{{"{MARKER}":1}}]')),
    "a list for the event name": Bad(event(f'[["greet"],"{MARKER}"]')),
    "JSON that ends early": Bad(event(f'["greet",{{"name":"{MARKER}"')),
    "no JSON": Bad(event(f"[greet,{MARKER}]")),
    # Events that the contract does not have
    "an event named connect": Bad(event(f'["connect","{MARKER}"]'), 404, event="connect"),
    "an event named disconnect": Bad(event(f'["disconnect","{MARKER}"]'), 404, event="disconnect"),
    "an event named connect, no args": Bad(event('["connect"]'), 404, event="connect"),
    "an event named disconnect, no args": Bad(event('["disconnect"]'), 404, event="disconnect"),
    "an event named *": Bad(event(f'["*","{MARKER}"]'), 404),
    "an empty event name": Bad(event(f'["","{MARKER}"]'), 404),
    "a lone surrogate in the event name": Bad(event(f'["\\ud800","{MARKER}"]'), 404),
    "a line break in the event name": Bad(event(f'["a\\n[asynction] b","{MARKER}"]'), 404),
    # Args that break their schema
    "a wrong value": Bad(event(f'["greet",{{"name":["{MARKER}"]}}]'), pointer="/0/name"),
    "an unknown property": Bad(event(f'["greet",{{"name":"A","{MARKER}":1}}]'), pointer="/0"),
    "too few args": Bad(event(f'["add","{MARKER}"]'), event="add"),
    "too many args": Bad(event(f'["add",1,2,"{MARKER}"]'), event="add"),
    "a wrong arg, no ack asked": Bad((f'42["greet","{MARKER}"]',), None),
    # Numbers that JSON does not have, or that no other language does
    "NaN": Bad(event('["measure",NaN]'), event="measure"),
    "Infinity": Bad(event('["measure",Infinity]'), event="measure"),
    "-Infinity": Bad(event('["measure",-Infinity]'), event="measure"),
    "a float beyond 64 bit": Bad(event('["measure",1e999]'), event="measure"),
    "NaN inside anything": Bad(event(f'["nest",{{"{MARKER}":[NaN]}}]'), event="nest"),
    "NaN for an unknown event": Bad(event(f'["{MARKER}",NaN]'), 400),
    "an integer above 64 bit": Bad(event(f'["count",{2**64}]'), event="count"),
    "an integer below 64 bit": Bad(event(f'["count",{-(2**63) - 1}]'), event="count"),
    "an integer of 5000 digits": Bad(event(f'["count",{"7" * 5000}]'), event="count"),
    # Depth
    "deep arrays": Bad(event(f'["nest",{"[" * DEEP}{"]" * DEEP}]'), event="nest"),
    "deep arrays, not closed": Bad(event(f'["nest",{"[" * DEEP}'), event="nest"),
    "deep objects": Bad(event('["nest",' + '{"a":' * DEEP + "1" + "}" * DEEP + "]"), event="nest"),
    "deep arrays where all is allowed": Bad(
        event(f'["anything",{"[" * DEEP}{"]" * DEEP}]'), event="anything"
    ),
    # Text
    "a lone surrogate": Bad(event(f'["greet",{{"name":"{MARKER}\\ud800"}}]'), pointer="/0/name"),
    "a lone surrogate in a key": Bad(event(f'["greet",{{"name":"A","{MARKER}\\ud800":1}}]')),
    # Bytes
    "bytes for an object": Bad(event(f'["greet",{PLACEHOLDER}]', b"MARKER"), pointer="/0"),
    "bytes for a string": Bad(event(f'["greet",{{"name":{PLACEHOLDER}}}]', b"MARKER"), pointer="/0/name"),
    "bytes for the event name": Bad(event(f"[{PLACEHOLDER}]", b"MARKER")),
    "a placeholder for no attachment": Bad(
        event('["reverse",{"_placeholder":true,"num":7}]', b"MARKER"), event="reverse"
    ),
    "a placeholder that is no number": Bad(
        event('["reverse",{"_placeholder":true,"num":"x"}]', b"MARKER"), event="reverse"
    ),
    "a placeholder in a text event": Bad(event(f'["reverse",{PLACEHOLDER}]'), event="reverse"),
    # Size
    "a large payload": Bad(
        event(f'["store",{{"kind":"{MARKER}","text":"{"x" * 900_000}"}}]'),
        pointer="/0/kind",
        event="store",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_a_bad_packet_is_answered_logged_once_and_not_handled(
    service: Process, wire: Wire, case: Bad
) -> None:
    assert wire.join().startswith("40{")
    before = wire.call("calls", case.event)
    service.mark()
    for packet in case.packets:
        wire.send(packet)
    if case.status is not None:
        (ack,) = wire.ack("431")
        error = ack["error"]
        assert error["status"] == case.status
        assert MARKER not in str(ack)
        if case.pointer is not None:
            assert error["pointer"] == case.pointer
    assert wire.call("calls", case.event) == before
    service.wait_for(service.records)
    assert wire.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
    assert len(service.records()) == 1
    assert MARKER not in service.log()
    assert NOISE not in service.log()


GOOD = {
    "the smallest 64-bit integer": (f'["count",{-(2**63)}]', -(2**63)),
    "the largest 64-bit integer": (f'["count",{2**64 - 1}]', 2**64 - 1),
    "a moderate depth": (f'["nest",{"[" * 30}{"]" * 30}]', 29),
    "a surrogate pair": ('["greet",{"name":"\\ud83d\\udc4b"}]', "Hello, 👋"),
}


@pytest.mark.parametrize(("json", "ack"), GOOD.values(), ids=GOOD)
def test_what_is_merely_unusual_is_handled(wire: Wire, json: str, ack: object) -> None:
    wire.join()
    wire.send("421" + json)
    assert wire.ack("431") == [ack]


STRAY = {
    "an ack nobody asked for": '431["x"]',
    "an ack without an id": "43",
    "an ack without data": "431",
    "an ack that is an object": '431{"a":1}',
    "an ack that is no JSON": "431[",
}


@pytest.mark.parametrize("packet", STRAY.values(), ids=STRAY)
def test_a_stray_ack_is_ignored(service: Process, wire: Wire, packet: str) -> None:
    wire.join()
    service.mark()
    wire.send(packet)
    assert wire.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
    assert NOISE not in service.log()


MANGLED = {
    "no data": "43{id}",
    "an object": '43{id}{{"a":1}}',
    "no JSON": "43{id}[",
    "NaN": "43{id}[NaN]",
}


@pytest.mark.parametrize("ack", MANGLED.values(), ids=MANGLED)
def test_a_mangled_ack_never_reaches_the_callback(service: Process, wire: Wire, ack: str) -> None:
    wire.join()
    service.mark()
    wire.send('42["ask later","how many?"]')
    question = wire.receive()
    assert isinstance(question, str)
    number = question.removeprefix("42").partition("[")[0]
    wire.send(ack.format(id=number))
    assert wire.call("calls", "answered") == [0]
    assert wire.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
    assert NOISE not in service.log()
