"""Key servers on loopback that behave, and such that do not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

Behaviour: TypeAlias = "Callable[[socket.socket, threading.Event], None]"
"""Answers a request, whose head has been read, or does not; the event is set when the test ends."""

DRIP = 0.005  # seconds between two bytes


def answers(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """Answer as HTTP wants it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda connection, over: connection.sendall("\r\n".join(lines).encode() + body)


def says(text: bytes) -> Behaviour:
    """Send these bytes, and close."""
    return lambda connection, over: connection.sendall(text)


def hangs(connection: socket.socket, over: threading.Event) -> None:
    """Accept, and never answer."""
    over.wait()


def drips(start: bytes) -> Behaviour:
    """Send a beginning, and then a byte at a time, without an end."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(DRIP):
            connection.sendall(b" ")

    return drip


class KeyHost:
    """A host that serves one behaviour; it may change, and `requests` has the first line of each request."""

    def __init__(self, behaviour: Behaviour, context: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.requests: list[str] = []
        self.asked = threading.Semaphore(0)
        self.over = threading.Event()
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}/keys"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if self.over.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(4096)
                    if not received:
                        return
                    head += received
                self.requests.append(head.split(b"\r\n")[0].decode())
                self.asked.release()
                self.behaviour(connection, self.over)

    def close(self) -> None:
        self.over.set()
        with suppress(OSError), socket.create_connection(self._listening.getsockname()):
            pass  # it wakes `accept`
        self._threads[0].join()
        self._listening.close()
        for thread in self._threads[1:]:
            thread.join()


@contextmanager
def key_host(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[KeyHost]:
    """Serve until the block ends."""
    host = KeyHost(behaviour, context)
    try:
        yield host
    finally:
        host.close()
