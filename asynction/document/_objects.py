"""The objects of AsyncAPI as rows of data: every field, its type, and the versions that have it.

A field reads `type`, `type!` where it is required, and `type @2.4` where it came with that version.
Types: `string`, `boolean`, `any`, a quoted literal, the name of another row (`Info`), `[X]` a list,
`{X}` a mapping of names to X, `A | B` either. A row in `REFERABLE` may be a Reference Object instead.
"""

from __future__ import annotations

from typing import TypeAlias

Rows: TypeAlias = "dict[str, dict[str, str]]"

VERSIONS = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6")
"""The minor versions of AsyncAPI that are read."""

_OPERATION_TRAIT = {
    "operationId": "string",
    "summary": "string",
    "description": "string",
    "security": "[Requirement] @2.4",
    "tags": "[Tag]",
    "externalDocs": "ExternalDocs",
    "bindings": "Bindings",
}

_MESSAGE_TRAIT = {
    "messageId": "string @2.4",
    "headers": "Schema",
    "correlationId": "CorrelationId",
    "schemaFormat": "string",
    "contentType": "string",
    "name": "string",
    "title": "string",
    "summary": "string",
    "description": "string",
    "tags": "[Tag]",
    "externalDocs": "ExternalDocs",
    "bindings": "Bindings",
    "examples": "[MessageExample]",
}

_SECURITY_SCHEMES = (
    "'userPassword' | 'apiKey' | 'X509' | 'symmetricEncryption' | 'asymmetricEncryption' | 'httpApiKey'"
    " | 'http' | 'oauth2' | 'openIdConnect' | 'plain' | 'scramSha256' | 'scramSha512' | 'gssapi'"
)

OBJECTS: Rows = {
    "Document": {
        "asyncapi": "string!",
        "id": "string",
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
        "termsOfService": "string",
        "contact": "Contact",
        "license": "License",
    },
    "Contact": {"name": "string", "url": "string", "email": "string"},
    "License": {"name": "string!", "url": "string"},
    "Server": {
        "url": "string!",
        "protocol": "string!",
        "protocolVersion": "string",
        "description": "string",
        "variables": "{ServerVariable}",
        "security": "[Requirement]",
        "tags": "[Tag] @2.5",
        "bindings": "Bindings",
    },
    "ServerVariable": {
        "enum": "[string]",
        "default": "string",
        "description": "string",
        "examples": "[string]",
    },
    "Channel": {
        "$ref": "string",
        "description": "string",
        "servers": "[string] @2.2",
        "subscribe": "Operation",
        "publish": "Operation",
        "parameters": "{Parameter}",
        "bindings": "Bindings",
    },
    "Parameter": {"description": "string", "schema": "Schema", "location": "string"},
    "Operation": {
        **_OPERATION_TRAIT,
        "traits": "[OperationTrait]",
        "message": "Message | MessageList",
    },
    "OperationTrait": _OPERATION_TRAIT,
    "MessageList": {"oneOf": "[Message]!"},
    "Message": {**_MESSAGE_TRAIT, "payload": "any", "traits": "[MessageTrait]"},
    "MessageTrait": _MESSAGE_TRAIT,
    "MessageExample": {
        "headers": "{any}",
        "payload": "any",
        "name": "string @2.1",
        "summary": "string @2.1",
    },
    "Tag": {"name": "string!", "description": "string", "externalDocs": "ExternalDocs"},
    "ExternalDocs": {"description": "string", "url": "string!"},
    "CorrelationId": {"description": "string", "location": "string!"},
    "Components": {
        "schemas": "{Schema}",
        "servers": "{Server} @2.3",
        "serverVariables": "{ServerVariable} @2.4",
        "channels": "{Channel} @2.3",
        "messages": "{Message}",
        "securitySchemes": "{SecurityScheme}",
        "parameters": "{Parameter}",
        "correlationIds": "{CorrelationId}",
        "operationTraits": "{OperationTrait}",
        "messageTraits": "{MessageTrait}",
        "serverBindings": "{Bindings}",
        "channelBindings": "{Bindings}",
        "operationBindings": "{Bindings}",
        "messageBindings": "{Bindings}",
        "x-messageAcks": "{Ack}",
    },
    "SecurityScheme": {
        "type": _SECURITY_SCHEMES + "!",
        "description": "string",
        "name": "string",
        "in": "string",
        "scheme": "string",
        "bearerFormat": "string",
        "flows": "OAuthFlows",
        "openIdConnectUrl": "string",
    },
    "OAuthFlows": {
        "implicit": "OAuthFlow",
        "password": "OAuthFlow",
        "clientCredentials": "OAuthFlow",
        "authorizationCode": "OAuthFlow",
    },
    "OAuthFlow": {
        "authorizationUrl": "string",
        "tokenUrl": "string",
        "refreshUrl": "string",
        "scopes": "{string}!",
    },
    "Requirement": {"*": "[string]"},
    "Bindings": {"ws": "WebSocketBinding", "*": "any"},
    "WebSocketBinding": {
        "method": "'GET' | 'POST'",
        "query": "Schema",
        "headers": "Schema",
        "bindingVersion": "string",
    },
    "Handlers": {"connect": "string", "disconnect": "string", "error": "string"},
    "Ack": {"args": "Schema"},
}

REFERABLE = frozenset(
    [
        "Server",
        "ServerVariable",
        "Channel",
        "Parameter",
        "OperationTrait",
        "Message",
        "MessageTrait",
        "CorrelationId",
        "SecurityScheme",
        "Bindings",
        "Ack",
        "Schema",
    ]
)

EXTENSIONS: Rows = {
    "Channel": {"x-handlers": "Handlers", "x-security": "[Requirement]"},
    "Message": {"x-handler": "string", "x-ack": "Ack"},
    "MessageTrait": {"x-handler": "string", "x-ack": "Ack"},
}
"""Our specification extensions, by the object that has them."""

MISSPELT = {"x-hander": "x-handler", "x-handers": "x-handlers"}
"""Spellings that the first asynction README had by mistake: they bind, with a warning."""
