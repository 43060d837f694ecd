"""The OpenAPI 3.1 document of the events that can be sent by HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from asynction.contract import Json, Requirements, Schema
from asynction.server._http.schemas import Schemas
from asynction.server._http.security import openapi_scheme, together
from asynction.server.http import JSON, PROBLEM, HttpWire, Route

_WORD = re.compile(r"[A-Za-z0-9]+")
_PARAMETER = re.compile(r"(\{[^{}]*\})")

_PROBLEM: Mapping[str, Json] = {
    "type": "object",
    "description": "What is wrong (RFC 9457).",
    "required": ["status", "title"],
    "properties": {
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "title": {"type": "string"},
        "detail": {"description": "What is wrong, mostly as a text."},
        "pointer": {"type": "string", "description": "A JSON Pointer into the body."},
    },
}


def openapi(wire: HttpWire) -> bytes:
    """Build the document from the currently bound events."""
    return json.dumps(_Document(wire).build(), indent=2, ensure_ascii=False).encode() + b"\n"


class _Document:
    def __init__(self, wire: HttpWire) -> None:
        self.wire = wire
        self.contract = wire.service.contract
        self.schemas = Schemas({"Problem": dict(_PROBLEM)})
        self.ids: set[str] = set()
        self.schemes: dict[str, None] = {}

    def build(self) -> Json:
        paths = dict(sorted((_path(route), self.operation(route)) for route in self.wire.routes()))
        info = self.contract.info
        components: dict[str, Json] = {
            "responses": {"Problem": self.problem()},
            "schemas": self.schemas.found,
        }
        if self.schemes:
            known = self.contract.security_schemes
            components["securitySchemes"] = {name: openapi_scheme(known[name]) for name in self.schemes}
        shown: dict[str, Json] = {"title": info.title, "version": info.version}
        if info.description:
            shown["description"] = info.description
        servers: dict[str, Json] = {"servers": [{"url": self.wire.base}]} if self.wire.base else {}
        return {"openapi": "3.1.0", "info": shown, **servers, "paths": paths, "components": components}

    def problem(self) -> Json:
        content: dict[str, Json] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if self.wire.routing.answers_exceptions:  # their results have no schema
            content[JSON] = {}
        return {"description": "The event was rejected, or failed.", "content": content}

    def operation(self, route: Route) -> Json:
        event, name = route.schemas.event, route.schemas.namespace
        operation: dict[str, Json] = {"operationId": self.id_of(route)}
        for key, text in (("summary", event.summary), ("description", event.description)):
            if text:
                operation[key] = text
        if name != "/":
            operation["tags"] = [name]
        if parameters := list(self.parameters(name)):
            operation["parameters"] = parameters
        if route.takes_body:
            operation["requestBody"] = self.body(route)
        required = self.required(route)
        operation["responses"] = self.responses(route, required)
        if any(required):
            self.schemes |= dict.fromkeys(scheme for each in required for scheme in each)
            operation["security"] = [{key: list(scopes) for key, scopes in each.items()} for each in required]
        return {"post": operation}

    def id_of(self, route: Route) -> str:
        words = _WORD.findall(f"{route.schemas.namespace} {route.schemas.event.name}")
        name = wanted = "_".join(words) or "event"
        count = 1
        while name in self.ids:
            count += 1
            name = f"{wanted}_{count}"
        self.ids.add(name)
        return name

    def parameters(self, namespace: str) -> Iterator[Json]:
        known = self.contract.namespaces[namespace].parameters
        for name in map(_bare, _PARAMETER.findall(namespace)):
            schema = self.schemas.read(known[name]) if name in known else {"type": "string"}
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def body(self, route: Route) -> Json:
        content: dict[str, Json] = {"schema": self.listed(route.schemas.event.args, route)}
        if route.schemas.event.examples:
            examples = enumerate(route.schemas.event.examples, 1)
            content["examples"] = {str(number): {"value": value} for number, value in examples}
        min_args = route.args.min_args if route.args is not None else route.endpoint.plan.min_args
        return {"required": min_args > 0, "content": {JSON: content}}

    def listed(self, schema: Schema | None, route: Route) -> Json:
        """Return the schema of the args, with the limits of their number."""
        args = route.args
        if schema is None or args is None:
            return {"type": "array"} if route.is_list else {}
        return self.schemas.read(schema, (args.min_args, args.max_args) if args.is_tuple else None)

    def ack(self, route: Route) -> Json:
        schema, ack = route.schemas.event.ack, route.ack
        if schema is None or ack is None:
            return {}
        return self.schemas.read(schema, (ack.min_args, ack.max_args) if ack.is_tuple else None)

    def required(self, route: Route) -> Requirements:
        own = self.wire.routing.required(route.schemas.namespace)
        return together(own, route.schemas.event.security)

    def responses(self, route: Route, required: Requirements) -> Json:
        responses: dict[str, Json] = {}
        if route.has_ack is not False:
            content = {JSON: {"schema": self.ack(route)}}
            responses["200"] = {"description": "The event's acknowledgement.", "content": content}
        if not route.has_ack:
            responses["204"] = {"description": "The event was handled; its acknowledgement is empty."}
        statuses = ["400", *(("401", "403") if any(required) else ()), "404", "413", "415", "500"]
        refused: dict[str, Json] = {"$ref": "#/components/responses/Problem"}
        return {**responses, **dict.fromkeys(statuses, refused), "default": refused}


def _path(route: Route) -> str:
    """Return the path template of an event, relative to the server's base."""
    namespace = "".join(_literals(route.schemas.namespace.strip("/")))
    event = quote(route.schemas.event.name, safe="")
    return f"/events/{namespace}/{event}" if namespace else f"/events/{event}"


def _literals(namespace: str) -> Iterable[str]:
    for part in _PARAMETER.split(namespace):
        yield part if _PARAMETER.fullmatch(part) else quote(part, safe="/")


def _bare(parameter: str) -> str:
    return parameter[1:-1]
