"""The objects of AsyncAPI 3.0 and 3.1 as rows of data; `_objects_2` says how to read them."""

from __future__ import annotations

from asynction.document._objects_2 import SHARED, Rows

_TRAIT = {
    "title": "string",
    "summary": "string",
    "description": "string",
    "tags": "[Tag]",
    "externalDocs": "ExternalDocs",
}

_OPERATION_TRAIT = {**_TRAIT, "security": "[SecurityScheme]", "bindings": "OperationBindings"}

_MESSAGE_TRAIT = {
    **_TRAIT,
    "headers": "Schema | MultiFormatSchema",
    "correlationId": "CorrelationId",
    "contentType": "string",
    "name": "string",
    "deprecated": "boolean",
    "examples": "[MessageExample]",
    "bindings": "MessageBindings",
}

OBJECTS_3: Rows = {
    **SHARED,
    "Document": {
        "asyncapi": "string!",
        "id": "uri",
        "info": "Info!",
        "servers": "{Server}",
        "defaultContentType": "string",
        "channels": "{Channel}",
        "operations": "{Operation}",
        "components": "Components",
    },
    "Info": {
        "title": "string!",
        "version": "string!",
        "description": "string",
        "termsOfService": "uri",
        "contact": "Contact",
        "license": "License",
        "tags": "[Tag]",
        "externalDocs": "ExternalDocs",
    },
    "Server": {
        **_TRAIT,
        "host": "string!",
        "pathname": "string",
        "protocol": "string!",
        "protocolVersion": "string",
        "variables": "{ServerVariable}",
        "security": "[SecurityScheme]",
        "bindings": "ServerBindings",
    },
    "Channel": {
        **_TRAIT,
        "address": "string | null",
        "messages": "{Message}",
        "servers": "[Reference]",
        "parameters": "{Parameter}",
        "bindings": "ChannelBindings",
    },
    "Parameter": {
        "enum": "[string]",
        "default": "string",
        "description": "string",
        "examples": "[string]",
        "location": "expression",
    },
    "Operation": {
        **_OPERATION_TRAIT,
        "action": "'send' | 'receive' !",
        "channel": "Reference!",
        "traits": "[OperationTrait]",
        "messages": "[Reference]",
        "reply": "Reply",
    },
    "OperationTrait": _OPERATION_TRAIT,
    "Reply": {"address": "ReplyAddress", "channel": "Reference", "messages": "[Reference]"},
    "ReplyAddress": {"description": "string", "location": "expression!"},
    "Message": {**_MESSAGE_TRAIT, "payload": "Schema | MultiFormatSchema", "traits": "[MessageTrait]"},
    "MessageTrait": _MESSAGE_TRAIT,
    "MessageExample": {"headers": "{any}", "payload": "any", "name": "string", "summary": "string"},
    "MultiFormatSchema": {"schemaFormat": "string", "schema": "any!"},
    "Components": {
        "schemas": "{Schema | MultiFormatSchema}",
        "servers": "{Server}",
        "channels": "{Channel}",
        "operations": "{Operation}",
        "messages": "{Message}",
        "securitySchemes": "{SecurityScheme}",
        "serverVariables": "{ServerVariable}",
        "parameters": "{Parameter}",
        "correlationIds": "{CorrelationId}",
        "replies": "{Reply}",
        "replyAddresses": "{ReplyAddress}",
        "externalDocs": "{ExternalDocs}",
        "tags": "{Tag}",
        "operationTraits": "{OperationTrait}",
        "messageTraits": "{MessageTrait}",
        "serverBindings": "{ServerBindings}",
        "channelBindings": "{ChannelBindings}",
        "operationBindings": "{OperationBindings}",
        "messageBindings": "{MessageBindings}",
    },
    "SecurityScheme": {**SHARED["SecurityScheme"], "scopes": "[string]"},
    "ImplicitFlow": {"authorizationUrl": "uri!", "refreshUrl": "uri", "availableScopes": "{string}!"},
    "PasswordFlow": {"tokenUrl": "uri!", "refreshUrl": "uri", "availableScopes": "{string}!"},
    "CodeFlow": {
        "authorizationUrl": "uri!",
        "tokenUrl": "uri!",
        "refreshUrl": "uri",
        "availableScopes": "{string}!",
    },
}
