"""A client that calls an `api` by Socket.IO, and by HTTP while it is not connected."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from asynction.client._dual.calls import Call, Calls, LostError, Message, error_data, error_of
from asynction.client._dual.options import LogLevel, checked_url, read_options
from asynction.client._dual.wire import Connection, UnansweredError, UnsentError, new_session, post
from asynction.client._errors import CallError
from asynction.exceptions import PayloadValidationException
from asynction.problems import did_you_mean
from asynction.runtime import is_async, written_args
from asynction.validation import is_suspicious, read_args, read_json

if TYPE_CHECKING:
    import aiohttp

__all__ = ["LogLevel", "SocketClient"]

Callback: TypeAlias = "Callable[[Any], Awaitable[object]]"

HTTP = "http"
SOCKET = "socket"

log = logging.getLogger("asynction.client")


class SocketClient:
    """A client that calls a server by Socket.IO and, if it has the URLs for it, by HTTP as a fallback.

    The result of a call is given to a callback, or returned by `request`. Every call ends with a result or an
    error. After a connection is lost, calls without a result are sent again with the same `request_id`, which
    a server runs once, and only if its id shows that it is the same server. `callback_errors` is the number
    of callbacks that have raised an exception.

    Args:
        socket_url: the URL of the Socket.IO server.
        http_url: the URL that calls are posted to.
        callback_url: the URL of this client, to which the server posts the results of calls by HTTP.
        options: a mapping of `log_level`, `max_concurrent`, `reconnection`, `reconnection_attempts`,
            `reconnection_delay`, `reconnection_delay_max` and `timeout` (in seconds), `headers` and `auth`.

    Raises:
        ValueError: a URL or an option is wrong, or there is no way to send calls.
    """

    def __init__(
        self,
        socket_url: str | None = None,
        http_url: str | None = None,
        callback_url: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.socket_url = checked_url("socket_url", socket_url, "ws", "wss", "http", "https")
        self.http_url = checked_url("http_url", http_url, "http", "https")
        self.callback_url = checked_url("callback_url", callback_url, "http", "https")
        self.options = read_options(options)
        self.callback_errors = 0
        self._has_http = http_url is not None and callback_url is not None
        if socket_url is None and not self._has_http:
            raise ValueError("give `socket_url`, or `http_url` and `callback_url`, or all three")
        self._callbacks: dict[str, Callback] = {}
        self._calls = Calls()
        # A gateway recognises an anonymous client by it, on another connection and by HTTP.
        self._client_key = token_urlsafe()
        self._session: aiohttp.ClientSession | None = None
        self._connection: Connection | None = None
        self._reconnect_task: asyncio.Task[None] | None = None
        self._has_given_up = False
        self._lost = asyncio.Event()
        self._settled = asyncio.Event()  # set if there is a connection, or no attempt to make one
        self._running: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(self.options.max_concurrent)

    @property
    def mode(self) -> str | None:
        """How calls are sent at present: `socket` or `http`; None if they cannot be sent."""
        if self._session is None:
            return None
        if self._connection is not None:
            return SOCKET
        return HTTP if self._has_http else None

    def register_callback(self, name: str, callback: Callback) -> None:
        """Register the function for the results of calls with this `callback_func`; raises ValueError."""
        if not _is_name(name):
            raise ValueError(f"a callback's name must be a string, not {name!r}")
        if not is_async(callback):
            raise ValueError(f"the callback `{name}` must be asynchronous: write `async def`")
        self._callbacks[name] = callback

    # Connecting ----------------------------------------------------------------------------------

    async def connect_to_server(self) -> None:
        """Connect; if that fails, send calls by HTTP and keep trying to connect in the background.

        Raises ConnectionError if calls cannot be sent by HTTP either, and NotEnabledError without the extra
        `client`.
        """
        if self._session is not None and not self._has_given_up:
            return
        # A client that has given up starts again, with a new session.
        await self.disconnect()
        self._session = new_session(self.options)
        self._has_given_up = False
        self._lost.clear()
        self._settled.clear()
        if self.socket_url is None:
            self._settled.set()
            return
        try:
            is_connected = await self._connect() or (not self._has_http and await self._reconnected())
        except BaseException:
            await self._close_session()
            raise
        if not is_connected and not self._has_http:
            await self._close_session()
            raise ConnectionError(
                f"cannot connect to {self.socket_url}, and `http_url` and `callback_url` are not set"
            )
        if not is_connected:
            self._log(LogLevel.WARNING, "not connected: calls are sent by HTTP")
            self._lost.set()
        self._reconnect_task = asyncio.create_task(self._keep_connected())

    async def _connect(self) -> bool:
        """Try to connect once; return True if it worked."""
        connection = Connection(self._session, self._on_response, self._on_loss)
        try:
            await connection.open(str(self.socket_url), self.options)
        except ConnectionError as error:
            self._log(LogLevel.WARNING, "%s", error)
            return False
        if connection.is_lost:
            return False
        self._connection = connection
        self._settled.set()
        self._log(LogLevel.INFO, "connected to %s", self.socket_url)
        return True

    def _on_loss(self, connection: Connection) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        self._settled.clear()
        self._log(LogLevel.WARNING, "the connection is lost")
        for call in self._calls.all():
            if call.by is connection:
                # Only a server that is known to be the same can recognise a call that is sent again.
                call.by, call.server_id = None, connection.server_id
                if connection.server_id is None:
                    self._fail(
                        call, LostError("the connection is lost; it is unknown whether the call was run")
                    )
        self._lost.set()

    async def _keep_connected(self) -> None:
        """Reconnect after each lost connection, and send its calls again."""
        while True:
            await self._lost.wait()
            self._lost.clear()
            if self._connection is not None:
                continue
            await self._resend()  # by HTTP, if that is possible: the results need not wait for a connection
            if await self._reconnected():
                await self._resend()
                continue
            self._has_given_up = not self._has_http
            self._settled.set()
            self._log(
                LogLevel.ERROR,
                "the client has stopped reconnecting%s",
                ": calls are sent by HTTP" if self._has_http else "",
            )
            for call in self._calls.all():
                if call.by is None and call.is_sent:
                    self._fail(
                        call,
                        ConnectionError("there is no connection, and the client has stopped reconnecting"),
                    )

    async def _reconnected(self) -> bool:
        """Try as often as the options allow; with HTTP as a fallback, without a limit."""
        options = self.options
        attempt, delay = 0, options.reconnection_delay
        while options.reconnection and (self._has_http or attempt < options.reconnection_attempts):
            await asyncio.sleep(min(delay, options.reconnection_delay_max))
            attempt, delay = attempt + 1, delay * 2
            if await self._connect():
                return True
            await self._resend()
        return False

    async def disconnect(self) -> None:
        """Disconnect: waiting calls fail, and running callbacks get `timeout` seconds to end."""
        if self._session is None:
            return
        if self._reconnect_task is not None:
            while not self._reconnect_task.done():  # `wait_for` of Python 3.11 may swallow a cancellation
                self._reconnect_task.cancel()
                await asyncio.wait({self._reconnect_task}, timeout=0.1)
            self._reconnect_task = None
        connection, self._connection = self._connection, None
        for call in self._calls.all():
            self._fail(call, ConnectionError("the client was disconnected before the result came"))
        if connection is not None:
            await connection.close()
        own = asyncio.current_task()
        running = self._running - ({own} if own is not None else set())
        if running:
            _, late = await asyncio.wait(running, timeout=self.options.timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._close_session()

    async def _close_session(self) -> None:
        session, self._session = self._session, None
        self._settled.set()
        if session is not None:  # pragma: no branch - None if `disconnect` is called twice at a time
            await session.close()

    # Calling -------------------------------------------------------------------------------------

    async def call_api(
        self,
        api: str,
        data: object,
        callback_type: str = SOCKET,
        callback_func: str | None = None,
        request_id: str | None = None,
    ) -> Message:
        """Send a call and return the confirmation; its result is given to a callback.

        If no result arrives, the callback gets an error of the same form as those of the server.

        Args:
            api: the name of the api.
            data: the data of the call; JSON.
            callback_type: "http" to send the call by HTTP in any case.
            callback_func: the name of the callback; by default that of the api.
            request_id: the id of the call; a new one by default.

        Raises:
            ValueError: an argument is wrong, or the callback is not registered.
            ConnectionError: the call cannot be sent.
            CallError: the server refuses the call.
        """
        name = callback_func or api
        message = self._message(api, data, callback_type, name, request_id)
        if name not in self._callbacks:
            raise ValueError(self._unregistered(name))
        return await self._called(Call(message, None, callback_type == HTTP))

    async def request(
        self, api: str, data: object, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Send a call and return its result.

        Args:
            api: the name of the api.
            data: the data of the call; JSON.
            timeout: seconds until the result; by default the option `timeout`.
            request_id: the id of the call; a new one by default.

        Raises:
            ValueError: an argument is wrong.
            TimeoutError: no result arrived in time.
            ConnectionError: the call cannot be sent, or it is unknown whether it was run.
            CallError: the result is an error, or the server refuses the call.
        """
        message = self._message(api, data, SOCKET, api, request_id)
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        call = Call(message, waiter, is_http=False)
        try:
            await self._called(call, timeout)
            return await waiter
        finally:
            self._calls.take(call.id)
            if not waiter.cancel() and not waiter.cancelled():
                waiter.exception()  # else asyncio logs that it was never retrieved

    def _message(
        self, api: str, data: object, callback_type: str, callback_func: str, request_id: str | None
    ) -> Message:
        """Return the message of a call; raises ValueError."""
        if not _is_name(api):
            raise ValueError(f"`api` must be a name, not {api!r}")
        if callback_type not in (SOCKET, HTTP):
            raise ValueError(f"`callback_type` must be `socket` or `http`, not {callback_type!r}")
        if callback_type == HTTP and not self._has_http:
            raise ValueError("calls by HTTP need `http_url` and `callback_url`")
        if not _is_name(callback_func):
            raise ValueError(f"`callback_func` must be a name, not {callback_func!r}")
        if request_id is not None and not _is_name(request_id):
            raise ValueError(f"`request_id` must be a string, not {request_id!r}")
        try:
            (data,) = written_args(None, (data,))
            text = json.dumps(data, allow_nan=False)
            if is_suspicious(text):  # a gateway would refuse it, and have nobody to tell
                read_args((read_json(text),), text)
        except (TypeError, ValueError, RecursionError, PayloadValidationException) as error:
            raise ValueError(f"`data` cannot be written as JSON: {error}") from error
        return {
            "api": api,
            "data": data,
            "callback_type": callback_type,
            "callback_url": self.callback_url,
            "callback_func": callback_func,
            "request_id": request_id or uuid4().hex,
        }

    async def _called(self, call: Call, timeout: float | None = None) -> Message:
        """Send a call for the first time."""
        if self._session is None:
            raise ConnectionError("there is no connection: call `await client.connect_to_server()` first")
        limit = self.options.timeout if timeout is None else timeout
        self._calls.add(call, limit, self._expire)
        try:
            response = await self._first_sent(call, limit)
        except BaseException:
            self._calls.take(call.id)
            raise
        if call.failure is not None:
            raise call.failure
        return response

    async def _first_sent(self, call: Call, limit: float) -> Message:
        """Send a call as soon as it is possible, within `limit` seconds."""
        while True:
            if not self._has_http:
                try:
                    await asyncio.wait_for(self._settled.wait(), limit)
                except asyncio.TimeoutError:
                    raise ConnectionError("there is no connection yet") from None
            connection = self._connection
            try:
                return await self._sent(call, limit)
            except UnsentError:  # the connection was lost in between: try the next way
                if connection is None or call.is_http:
                    raise

    async def _sent(self, call: Call, limit: float) -> Message:
        """Send a call by the connection, or else by HTTP; raises as `post` does."""
        connection, message = self._connection, {**call.message, "client_key": self._client_key}
        if call.is_sent:  # only the same server can recognise the repetition
            message["server_id"] = call.server_id
        if connection is not None and not call.is_http:
            try:
                await connection.send(message)
            except UnsentError:
                await connection.close()
                raise
            call.by, call.is_sent = connection, True
            return {"success": True, "message": "the call is sent", "request_id": call.id}
        if self._session is None or not self._has_http:
            raise UnsentError("there is no connection")
        message["callback_type"] = HTTP
        response = await post(self._session, str(self.http_url), message, limit)
        server_id = response.get("server_id")
        call.by, call.is_sent = HTTP, True
        call.server_id = server_id if isinstance(server_id, str) else None
        return response

    async def _resend(self) -> None:
        """Send calls without a result again: of a lost connection, and all others by a new one."""
        for call in self._calls.all():
            is_lost = call.by is None and call.is_sent
            is_asked_again = call.by == HTTP and call.server_id is not None and self._connection is not None
            if is_lost or is_asked_again:
                try:
                    await self._sent(call, self.options.timeout)
                except (UnsentError, UnansweredError):
                    call.by = None  # it is sent again after the next attempt to connect
                except LostError as error:
                    self._fail(call, error)
                except CallError as error:
                    call.by = None
                    # An error of the server may be temporary; a refusal is final.
                    if error.status < 500:
                        self._fail(call, error)

    # Results -------------------------------------------------------------------------------------

    async def handle_callback(self, data: object) -> Message:
        """Accept a result that the server has posted to `callback_url`; its callback runs in the background.

        Raises ValueError if it is not a result, or if its callback is not registered.
        """
        if not isinstance(data, dict):
            raise ValueError(f"a result must be an object, not a {type(data).__name__}")
        if not self._take(data):
            raise ValueError(self._unregistered(str(data.get("callback_func"))))
        return {"success": True, "message": "the result is taken"}

    def _unregistered(self, name: str) -> str:
        near = did_you_mean(name, self._callbacks)
        return (
            f"no callback `{name}` is registered{near}: call `client.register_callback({name!r}, ...)` first"
        )

    def _on_response(self, response: object = None, *_: object) -> None:
        """Accept a result that the server has sent by the connection."""
        if not isinstance(response, dict) or not self._take(response):
            self._log(LogLevel.WARNING, "a result of an unknown call was dropped")

    def _take(self, response: Message) -> bool:
        """Give a result to its call or callback; return False if there is neither."""
        # Another kind of server repeats all that it is sent.
        response = {name: value for name, value in response.items() if name != "client_key"}
        id = response.get("request_id")
        call = self._calls.take(id)
        if call is None and self._calls.is_done(id):
            self._log(LogLevel.DEBUG, "a result arrived twice")
            return True
        if call is None:
            name = response.get("callback_func")
            return isinstance(name, str) and self._call_back(name, response)
        if call.waiter is None:
            return self._call_back(call.message["callback_func"], response)
        _settle(call.waiter, response.get("data"), error_of(response.get("data")))
        return True

    def _fail(self, call: Call, error: Exception) -> None:
        """End a call with an error: in `request`, or in the callback of a call that was sent."""
        self._calls.take(call.id)
        call.failure = error
        self._log(LogLevel.WARNING, "a call of `%.80s` failed: %s", call.message["api"], error)
        if call.waiter is not None:
            _settle(call.waiter, None, error)
        elif call.is_sent:
            self._call_back(call.message["callback_func"], {**call.message, "data": error_data(error)})

    def _expire(self, call: Call) -> None:
        self._fail(call, TimeoutError("no result arrived in time"))

    def _call_back(self, name: str, response: Message) -> bool:
        """Run a callback in a task; return False if none has this name."""
        callback = self._callbacks.get(name)
        if callback is None:
            return False
        task = asyncio.get_running_loop().create_task(self._run(name, callback, response))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _run(self, name: str, callback: Callback, response: Message) -> None:
        async with self._slots:
            try:
                await callback(response)
            except Exception:
                self.callback_errors += 1
                self._log(LogLevel.ERROR, "the callback `%s` failed", name, exc_info=True)

    def _log(self, level: LogLevel, message: str, *args: object, exc_info: bool = False) -> None:
        if level >= self.options.log_level:
            log.log(level, message, *args, exc_info=exc_info)


def _settle(waiter: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    """Set the result or the error of a future, unless it was cancelled."""
    if waiter.done():
        return
    if error is None:
        waiter.set_result(result)
    else:
        waiter.set_exception(error)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""
