"""The objects of AsyncAPI 2.x as rows of data: every field, its type, and the versions that have it.

A field is `type`, `type!` where it is required, and `type @2.4` where that version introduced it.
Types: `string`, `boolean`, `any`, `null`, a form of text (`uri`, `email`, `expression`), a quoted
literal, the name of another row (`Info`), `Schema`, `[X]` a list, `{X}` a mapping of names to X,
`A | B` either. A row in `REFERABLE` may be a Reference Object instead; `Reference` must be one. A row
in `VARIANTS` has more fields, by the value of one of its own.
"""

from __future__ import annotations

from typing import TypeAlias

Row: TypeAlias = "dict[str, str]"
Rows: TypeAlias = "dict[str, Row]"

VERSIONS = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0", "3.1")
"""The supported minor versions of AsyncAPI."""

SHARED: Rows = {
    "Contact": {"name": "string", "url": "uri", "email": "email"},
    "License": {"name": "string!", "url": "uri"},
    "ServerVariable": {
        "enum": "[string]",
        "default": "string",
        "description": "string",
        "examples": "[string]",
    },
    "Tag": {"name": "string!", "description": "string", "externalDocs": "ExternalDocs"},
    "ExternalDocs": {"description": "string", "url": "uri!"},
    "CorrelationId": {"description": "string", "location": "expression!"},
    "SecurityScheme": {"type": "string!", "description": "string"},
    "OAuthFlows": {
        "implicit": "ImplicitFlow",
        "password": "PasswordFlow",
        "clientCredentials": "PasswordFlow",
        "authorizationCode": "CodeFlow",
    },
    "ServerBindings": {"*": "any"},
    "ChannelBindings": {"ws": "WebSocketBinding", "*": "any"},
    "OperationBindings": {"*": "any"},
    "MessageBindings": {"*": "any"},
    "WebSocketBinding": {
        "method": "'GET' | 'POST'",
        "query": "Schema",
        "headers": "Schema",
        "bindingVersion": "string",
    },
    "Handlers": {"connect": "string", "disconnect": "string", "error": "string"},
    "Hooks": dict.fromkeys(["dataCheck", "access", "hydrate", "dehydrate"], "string"),
    "Ack": {"args": "Schema"},
    "Jwt": {
        **dict.fromkeys(["jwksUri", "publicKey", "secretEnv"], "string"),
        "algorithms": "[string]",
        **dict.fromkeys(["issuer", "audience"], "string | [string]"),
        **dict.fromkeys(["leeway", "timeout"], "number"),
    },
    "Settings": {"ignore": "[string]"},
    "Mock": {"interval": "number", "answers": "[any]", "copies": "{string}"},
    "Requirement": {"*": "[string]"},
}
"""The rows that are the same in all versions, and those of our extensions."""

_OPERATION_TRAIT: Row = {
    "operationId": "string",
    "summary": "string",
    "description": "string",
    "security": "[Requirement] @2.4",
    "tags": "[Tag]",
    "externalDocs": "ExternalDocs",
    "bindings": "OperationBindings",
}

_MESSAGE_TRAIT: Row = {
    "messageId": "string @2.4",
    "headers": "Schema",
    "correlationId": "CorrelationId",
    "schemaFormat": "string",
    "contentType": "string",
    "name": "string",
    "title": "string",
    "summary": "string",
    "description": "string",
    "deprecated": "boolean",
    "tags": "[Tag]",
    "externalDocs": "ExternalDocs",
    "bindings": "MessageBindings",
    "examples": "[MessageExample]",
}

OBJECTS_2: Rows = {
    **SHARED,
    "Document": {
        "asyncapi": "string!",
        "id": "uri",
        "info": "Info!",
        "servers": "{Server}",
        "defaultContentType": "string",
        "channels": "{Channel}!",
        "components": "Components",
        "tags": "[Tag]",
        "externalDocs": "ExternalDocs",
    },
    "Info": {
        "title": "string!",
        "version": "string!",
        "description": "string",
        "termsOfService": "uri",
        "contact": "Contact",
        "license": "License",
    },
    "Server": {
        "url": "string!",
        "protocol": "string!",
        "protocolVersion": "string",
        "description": "string",
        "variables": "{ServerVariable}",
        "security": "[Requirement]",
        "tags": "[Tag] @2.5",
        "bindings": "ServerBindings",
    },
    "Channel": {
        "$ref": "string",
        "description": "string",
        "servers": "[string] @2.2",
        "subscribe": "Operation",
        "publish": "Operation",
        "deprecated": "boolean",
        "parameters": "{Parameter}",
        "bindings": "ChannelBindings",
    },
    "Parameter": {"description": "string", "schema": "Schema", "location": "expression"},
    "Operation": {**_OPERATION_TRAIT, "traits": "[OperationTrait]", "message": "Message | MessageList"},
    "OperationTrait": _OPERATION_TRAIT,
    "MessageList": {"oneOf": "[Message | MessageList]!"},
    "Message": {**_MESSAGE_TRAIT, "payload": "any", "traits": "[MessageTrait]"},
    "MessageTrait": _MESSAGE_TRAIT,
    "MessageExample": {
        "headers": "{any}",
        "payload": "any",
        "name": "string @2.1",
        "summary": "string @2.1",
    },
    "Components": {
        "schemas": "{Schema}",
        "servers": "{Server} @2.3",
        "serverVariables": "{ServerVariable} @2.4",
        "channels": "{Channel} @2.3",
        "messages": "{Message | MessageList}",
        "securitySchemes": "{SecurityScheme}",
        "parameters": "{Parameter}",
        "correlationIds": "{CorrelationId}",
        "operationTraits": "{OperationTrait}",
        "messageTraits": "{MessageTrait}",
        "serverBindings": "{ServerBindings}",
        "channelBindings": "{ChannelBindings}",
        "operationBindings": "{OperationBindings}",
        "messageBindings": "{MessageBindings}",
    },
    "ImplicitFlow": {"authorizationUrl": "uri!", "refreshUrl": "uri", "scopes": "{string}!"},
    "PasswordFlow": {"tokenUrl": "uri!", "refreshUrl": "uri", "scopes": "{string}!"},
    "CodeFlow": {"authorizationUrl": "uri!", "tokenUrl": "uri!", "refreshUrl": "uri", "scopes": "{string}!"},
}

SCHEMA: Row = {"deprecated": "boolean", "discriminator": "string", "externalDocs": "ExternalDocs"}
"""The keywords that AsyncAPI adds to JSON Schema (Schema Object)."""

VARIANTS: dict[str, tuple[str, Rows]] = {
    "SecurityScheme": (
        "type",
        {
            "userPassword": {},
            "apiKey": {"in": "'user' | 'password' !"},
            "X509": {},
            "symmetricEncryption": {},
            "asymmetricEncryption": {},
            "httpApiKey": {"name": "string!", "in": "'query' | 'header' | 'cookie' !"},
            "http": {"scheme": "string!", "bearerFormat": "string"},
            "oauth2": {"flows": "OAuthFlows!"},
            "openIdConnect": {"openIdConnectUrl": "uri!"},
            "plain @2.1": {},
            "scramSha256 @2.1": {},
            "scramSha512 @2.1": {},
            "gssapi @2.1": {},
        },
    ),
}
"""The rows with fields that depend on the value of one field: that field, and the others by its value."""

REFERABLE = {
    **dict.fromkeys(["Ack", "Channel", "CorrelationId", "Message", "MessageList"], "2.0"),
    **dict.fromkeys(["Parameter", "SecurityScheme", "ServerBindings", "ChannelBindings"], "2.0"),
    **dict.fromkeys(["MessageBindings", "MessageTrait", "OperationBindings", "OperationTrait"], "2.0"),
    **{"Server": "2.3", "ServerVariable": "2.4"},
    **dict.fromkeys(
        [
            "ExternalDocs",
            "MultiFormatSchema",
            "Operation",
            "Reply",
            "ReplyAddress",
            "Tag",
            "MultiFormatSchema",
        ],
        "3.0",
    ),
}
"""The rows that may be a Reference Object instead, and the version since which they may."""

_MIDDLEWARES: Row = {"x-middlewares": "string | [string]"}
_EVENT: Row = {
    **{"x-handler": "string", "x-hooks": "Hooks"},
    **_MIDDLEWARES,
    **{"x-ack": "Ack", "x-mock": "Mock"},
}

_EXTENSIONS: Rows = {
    "Document": {"x-asynction": "Settings", **_MIDDLEWARES},
    "Channel": {"x-handlers": "Handlers", **_MIDDLEWARES, "x-auth": "Schema"},
    **dict.fromkeys(["Operation", "OperationTrait", "Message", "MessageTrait"], _EVENT),
    "Components": {"x-messageAcks": "{Ack}", "x-parts": "{any}"},
    "SecurityScheme": {
        **dict.fromkeys(["x-basicInfoFunc", "x-bearerInfoFunc", "x-basicBearerInfoFunc"], "string"),
        **dict.fromkeys(["x-httpInfoFunc", "x-tokenInfoFunc", "x-apiKeyInfoFunc"], "string"),
        **dict.fromkeys(["x-userPasswordInfoFunc", "x-certificateInfoFunc", "x-scopeValidateFunc"], "string"),
        **{"x-jwt": "Jwt", "x-enforceExpiry": "boolean"},
    },
}

EXTENSIONS: dict[str, Rows] = {
    "2": {**_EXTENSIONS, "Channel": {**_EXTENSIONS["Channel"], "x-security": "[Requirement]"}},
    "3": {**_EXTENSIONS, "Channel": {**_EXTENSIONS["Channel"], "x-security": "[SecurityScheme]"}},
}
"""Our specification extensions, by major version and by the object that has them."""

MISSPELT = {"x-hander": "x-handler", "x-handers": "x-handlers"}
"""Misspelt names from the first README of asynction: they bind code, with a warning."""

CODELESS = frozenset({"x-asynction", "x-mock", "x-parts"})
"""Our extensions that do not bind code: a document with only these need not be servable."""
