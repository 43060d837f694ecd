"""The data of the page for its console, in which a reader calls the API."""

from __future__ import annotations

from collections.abc import Mapping

from asynction import contract as model
from asynction.contract import Contract, Json, Requirements, Schema
from asynction.document import public_schema
from asynction.ui._args import Args
from asynction.ui._page import Event, Namespace, Page
from asynction.ui._security import required_by
from asynction.validation import DRAFT_07


def page_data_of(contract: Contract, page: Page) -> dict[str, Json]:
    """Return the data for the console; `receives` and `sends` are those of the contract, the server's.

    To keep the page small, nothing is in it twice; `page.js` completes the data for the console. It takes
    the anchor and the summary of an event from the page, and makes `{schema, minArgs, maxArgs}` of `args`
    and `ack`, which are only schemas here. Definitions are at the top; the `definitions` of a schema are a
    list of the names that it uses. `list` is true if a schema describes a list of args: then the body of an
    HTTP request is that list, not one arg.
    """
    return _PageData(contract).read(page)


class _PageData:
    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.definitions: dict[str, Json] = {}

    def read(self, page: Page) -> dict[str, Json]:
        return {
            "title": page.title,
            "version": page.version,
            "path": page.path,
            "servers": [
                {"name": each.name, "url": each.url, "description": each.description}
                for each in self.contract.servers.values()
            ],
            "namespaces": [self.namespace(each) for each in page.namespaces],
            "definitions": self.definitions,
        }

    def namespace(self, shown: Namespace) -> Json:
        namespace = self.contract.namespaces[shown.name]
        handshake = namespace.handshake or model.Handshake()
        return {
            "name": shown.name,
            "anchor": shown.anchor,
            "parameters": [
                {"name": name, "schema": self.public(schema)} for name, schema in namespace.parameters.items()
            ],
            "handshake": {
                "query": self.public(handshake.query),
                "headers": self.public(handshake.headers),
                "auth": self.public(handshake.auth),
            },
            "security": _security(required_by(self.contract, namespace)),
            "receives": [self.event(event) for event in shown.sends],
            "sends": [self.event(event) for event in shown.receives],
        }

    def event(self, event: Event) -> Json:
        described: dict[str, Json] = {"name": event.name, "args": self.args(event.args)}
        if event.ack is not None:
            described["ack"] = self.args(event.ack)
        if event.args.is_list:
            described["list"] = True
        if event.details.tags:
            described["tags"] = list(event.details.tags)
        return {**described, "examples": [list(example.args) for example in event.examples]}

    def args(self, args: Args) -> Json:
        return self.shared({key: value for key, value in args.schema.items() if key != "type"})

    def public(self, schema: Schema | None) -> Json:
        """Return a schema without its private parts; None if there is none, or it is not JSON Schema."""
        if schema is None or not schema.is_json_schema:
            return None
        value = public_schema(schema.value)
        if not isinstance(value, Mapping):
            return value
        return self.shared(value if schema.dialect == DRAFT_07 else {**value, "$schema": schema.dialect})

    def shared(self, schema: Mapping[str, Json]) -> Json:
        """Move the definitions of a schema to the top, unless one of the names is taken by another schema."""
        own = schema.get("definitions")
        if not isinstance(own, Mapping):
            return dict(schema)
        if any(self.definitions.get(name, value) != value for name, value in own.items()):
            return dict(schema)
        self.definitions.update(own)
        return {**schema, "definitions": list(own)}


def _security(required: Requirements) -> Json:
    return [{name: list(scopes) for name, scopes in each.items()} for each in required]
