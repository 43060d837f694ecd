"""Class-based namespaces of python-socketio that find their methods themselves."""

from __future__ import annotations

import socketio

from asynction.inject import Data, SocketID
from asynction.runtime import Context, Function


def routed(namespace_handler: socketio.AsyncNamespace) -> Function:
    """Return a handler that calls `trigger_event` of a class with the arguments of python-socketio."""

    async def handler(_: Data, context: Context, sid: SocketID) -> object:
        names = (context.namespace,) if namespace_handler.namespace == "*" else ()
        leading = (context.environ,) if context.event == "connect" else ()
        return await namespace_handler.trigger_event(context.event, *names, sid, *leading, *context.args)

    return handler
