"""A contract made ready to run: rules are found by name, and args and acks are held to them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynction import load
from asynction.contract import Contract, Event, Info, Namespace, Schema
from asynction.exceptions import (
    DocumentError,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
)
from asynction.runtime import ContractSchemas, EventSchemas, checked_ack, checked_args, pack
from asynction.validation import DRAFT_07, Validator


def contract_of(receives: Any, sends: Any) -> Any:
    return load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "t", "version": "1"},
            "channels": {
                "/chat": {
                    "publish": {"message": {"oneOf": receives}},
                    "subscribe": {"message": {"oneOf": sends}},
                }
            },
        }
    )


STRING = {"type": "string"}
BYTES = {"type": "string", "format": "binary"}
CONTRACT = contract_of(
    [{"name": "say", "payload": STRING, "x-ack": {"args": STRING}}], [{"name": "said", "payload": STRING}]
)


def test_rules_are_found_by_direction_namespace_and_event() -> None:
    book = ContractSchemas(CONTRACT)
    schemas = book.received("/chat", "say")
    assert (schemas.namespace, schemas.event.name) == ("/chat", "say")
    assert schemas.args
    assert schemas.ack
    assert book.sent("chat", "said").ack is None


def test_what_is_no_json_schema_cannot_be_checked() -> None:
    avro = Schema(None, "application/vnd.apache.avro")
    namespace = Namespace("/", {"say": Event("say", avro)}, {"said": Event("said", None, avro)})
    contract = Contract(Info("t", "1"), {}, {"/": namespace}, {})
    with pytest.raises(DocumentError, match="which cannot be checked") as caught:
        ContractSchemas(contract)
    assert [problem.rule for problem in caught.value.problems] == ["schema-format"] * 2
    assert ContractSchemas(contract, validation=False).received("/", "say").args is None


def test_without_validation_there_are_no_validators() -> None:
    schemas = ContractSchemas(CONTRACT, validation=False).received("/chat", "say")
    assert (schemas.args, schemas.ack) == (None, None)


@pytest.mark.parametrize(
    ("direction", "namespace", "event", "message"),
    [
        ("received", "/chta", "say", "the contract has no namespace `/chta`; did you mean `/chat`?"),
        ("sent", "/", "said", "the contract has no namespace `/`"),
        (
            "received",
            "/chat",
            "sayy",
            "the contract receives no event `sayy` in `/chat`; did you mean `say`?",
        ),
        ("received", "/chat", "said", "the contract receives no event `said` in `/chat`"),
        ("sent", "/chat", "say", "the contract sends no event `say` in `/chat`"),
    ],
)
def test_what_the_contract_does_not_have_is_an_error(
    direction: str, namespace: str, event: str, message: str
) -> None:
    with pytest.raises(UnknownEventException) as caught:
        getattr(ContractSchemas(CONTRACT), direction)(namespace, event)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("receives", "sends", "texts"),
    [
        (STRING, STRING, (True, True, True)),
        (BYTES, STRING, (False, True, True)),
        (STRING, BYTES, (True, False, True)),
        (None, STRING, (False, True, True)),
        (STRING, None, (True, False, True)),
    ],
)
def test_the_book_knows_where_no_bytes_can_be(
    receives: Any, sends: Any, texts: tuple[bool, bool, bool]
) -> None:
    def message(name: str, payload: Any) -> dict[str, Any]:
        ack = {"x-ack": {"args": STRING}}
        return {"name": name, **ack} | ({} if payload is None else {"payload": payload})

    book = ContractSchemas(contract_of([message("in", receives)], [message("out", sends)]))
    assert (book.receives_text, book.sends_text, book.acks_text) == texts


def test_an_ack_without_a_schema_may_hold_bytes() -> None:
    assert not ContractSchemas(contract_of([{"name": "in", "payload": STRING}], [])).acks_text
    assert not ContractSchemas(CONTRACT, validation=False).receives_text


def validator(schema: Any) -> Validator:
    return Validator(Schema(schema, DRAFT_07))


NULLABLE = validator({"type": ["string", "null"]})
TUPLE = validator({"items": [STRING, {"type": "integer"}]})


@pytest.mark.parametrize(
    ("value", "schema", "args"),
    [
        ((1, 2), None, (1, 2)),
        ([1, 2], None, ([1, 2],)),
        ((), None, ()),
        (None, None, ()),
        (None, NULLABLE, (None,)),
        (None, TUPLE, ()),
        ((None,), None, (None,)),
        (0, NULLABLE, (0,)),
        ("", None, ("",)),
    ],
)
def test_pack_makes_args_of_a_value(
    value: object, schema: Validator | None, args: tuple[object, ...]
) -> None:
    assert pack(value, schema) == args


def test_checked_args_gives_them_back_or_raises() -> None:
    schemas = EventSchemas("/", Event("e"), TUPLE, None)
    assert checked_args(schemas, ("a", 1)) == ("a", 1)
    with pytest.raises(PayloadValidationException) as caught:
        checked_args(schemas, ("a", "b"))
    assert str(caught.value) == "payload of `e` in `/`: /1: must be integer"
    assert caught.value.path == (1,)
    assert checked_args(EventSchemas("/", Event("e"), None, None), (object(),))


def test_checked_ack_gives_the_args_or_raises() -> None:
    schemas = EventSchemas("/", Event("e"), None, TUPLE)
    assert checked_ack(schemas, ("a", 1)) == ("a", 1)
    for wrong in (["a", 1], None, "a", ("a",)):
        with pytest.raises(MessageAckValidationException, match="acknowledgement of `e` in `/`: expected 2"):
            checked_ack(schemas, wrong)


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(json)
def test_one_value_survives_packing_in_both_directions(value: object) -> None:
    """A list stays one arg, a None stays one null where the schema takes it."""
    anything = validator({})
    schemas = EventSchemas("/", Event("e"), anything, anything)
    packed = pack(value, anything)
    assert packed == (value,)
    assert checked_args(schemas, packed) == checked_ack(schemas, value) == packed


@given(st.lists(json, min_size=1, max_size=5))
def test_several_values_survive_packing_in_both_directions(values: list[object]) -> None:
    """A tuple becomes as many args, whatever the values are."""
    exactly = validator({"items": [{} for _ in values]})
    schemas = EventSchemas("/", Event("e"), exactly, exactly)
    packed = pack(tuple(values), exactly)
    assert packed == tuple(values)
    assert checked_args(schemas, packed) == checked_ack(schemas, tuple(values)) == packed


@given(st.lists(json, max_size=4), st.integers(0, 4), st.integers(0, 4))
def test_the_number_of_args_is_what_the_schema_says(values: list[object], min_args: int, more: int) -> None:
    """`minItems` args are needed, as many as there are items are taken."""
    max_args = max(1, min_args + more)
    schemas = EventSchemas("/", Event("e"), validator({"items": [{}] * max_args, "minItems": min_args}), None)
    if min_args <= len(values) <= max_args:
        assert checked_args(schemas, tuple(values)) == tuple(values)
    else:
        with pytest.raises(PayloadValidationException, match="expected"):
            checked_args(schemas, tuple(values))
