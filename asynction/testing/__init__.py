"""Helpers for the tests of an application: a client without a network, real servers, and a client for them.

`asynction.testing.plugin` has the last two as fixtures for pytest.
"""

from asynction.server import AsyncTestClient, Headers
from asynction.testing._connecting import connect
from asynction.testing._serving import serve_asgi, serve_wsgi

__all__ = ["AsyncTestClient", "Headers", "connect", "serve_asgi", "serve_wsgi"]
