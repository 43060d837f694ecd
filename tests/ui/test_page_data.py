from __future__ import annotations

from typing import Any

from asynction.contract import Contract, Event, Handshake, Info, Namespace, Schema
from asynction.ui._page import build_page
from asynction.ui._page_data import page_data_of
from asynction.validation import DRAFT_07


def data_of(
    *args: Schema, parameters: dict[str, Schema] | None = None, handshake: Handshake | None = None
) -> Any:
    events = {f"e{index}": Event(f"e{index}", each) for index, each in enumerate(args)}
    namespace = Namespace("/", events, {}, parameters or {}, handshake)
    contract = Contract(Info("T", "1"), {}, {"/": namespace}, {})
    return page_data_of(contract, build_page(contract, {}, socketio_path="io", title=None))


def named(definition: Any) -> Schema:
    return Schema({"$ref": "#/definitions/N", "definitions": {"N": definition}}, DRAFT_07)


def test_definitions_that_several_schemas_share_stand_once() -> None:
    page_data = data_of(named({"type": "string"}), named({"type": "string"}))

    assert page_data["definitions"] == {"N": {"type": "string"}}
    for event in page_data["namespaces"][0]["receives"]:
        assert event["args"] == {
            "items": [{"$ref": "#/definitions/N"}],
            "definitions": ["N"],
            "minItems": 1,
            "maxItems": 1,
        }


def test_a_definition_with_another_meaning_stays_where_it_is() -> None:
    page_data = data_of(named({"type": "string"}), named({"type": "integer"}))

    assert page_data["definitions"] == {"N": {"type": "string"}}
    assert page_data["namespaces"][0]["receives"][1]["args"]["definitions"] == {"N": {"type": "integer"}}


def test_schemas_of_the_handshake_and_of_parameters_keep_nothing_that_binds_code() -> None:
    schema = Schema({"type": "string", "x-handler": "a.b"}, DRAFT_07)

    page_data = data_of(
        handshake=Handshake(query=schema, auth=Schema(True, DRAFT_07)), parameters={"id": schema}
    )

    (namespace,) = page_data["namespaces"]
    assert namespace["handshake"] == {"query": {"type": "string"}, "headers": None, "auth": True}
    assert namespace["parameters"] == [{"name": "id", "schema": {"type": "string"}}]


def test_what_an_event_does_not_have_is_left_out() -> None:
    page_data = data_of(Schema({"type": "integer"}, DRAFT_07))

    assert page_data["namespaces"][0]["receives"] == [
        {
            "name": "e0",
            "args": {"items": [{"type": "integer"}], "minItems": 1, "maxItems": 1},
            "examples": [[1]],
        }
    ]


def test_a_list_of_args_is_distinguished_from_one_arg() -> None:
    one = Schema({"type": "array", "items": {}}, DRAFT_07)
    listed = Schema({"items": [{}], "minItems": 1, "maxItems": 1}, DRAFT_07)

    events = data_of(one, listed)["namespaces"][0]["receives"]

    assert [event.get("list", False) for event in events] == [False, True]
