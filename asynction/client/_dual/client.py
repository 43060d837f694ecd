"""A client that calls a server's `api` by Socket.IO, and by HTTP while there is no connection."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from asynction.client._dual.calls import Call, Calls, LostError, Message, error_data, error_of
from asynction.client._dual.options import LogLevel, checked_url, read_options
from asynction.client._dual.wire import Link, UnansweredError, UnsentError, new_session, post
from asynction.client._errors import CallError
from asynction.problems import did_you_mean
from asynction.runtime import is_async

if TYPE_CHECKING:
    import aiohttp

__all__ = ["LogLevel", "SocketClient"]

Callback: TypeAlias = "Callable[[Any], Awaitable[object]]"

HTTP = "http"
SOCKET = "socket"

log = logging.getLogger("asynction.client")


class SocketClient:
    """Calls a server by Socket.IO; where it has both URLs, by HTTP while there is no connection.

    What a call results in is given to a callback, or returned by `request`. Every call ends so, in a result
    or an error: where a connection is lost, calls without a result are sent again with the same
    `request_id`, which the server runs once, and only to a server that says that it is still the same.

    `callback_errors` is how many callbacks have raised. Raises ValueError for arguments that are none.
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
        self._session: aiohttp.ClientSession | None = None
        self._link: Link | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._is_given_up = False
        self._lost = asyncio.Event()
        self._settled = asyncio.Event()  # there is a connection, or there will be none
        self._running: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(self.options.max_concurrent)

    @property
    def mode(self) -> str | None:
        """How calls go out at present: by `socket` or `http`; None where they cannot."""
        if self._session is None:
            return None
        if self._link is not None:
            return SOCKET
        return HTTP if self._has_http else None

    def register_callback(self, name: str, callback: Callback) -> None:
        """Give the results of calls with this `callback_func` to a function; raises ValueError."""
        if not _is_name(name):
            raise ValueError(f"a callback's name must be a string, not {name!r}")
        if not is_async(callback):
            raise ValueError(f"the callback `{name}` must be asynchronous: write `async def`")
        self._callbacks[name] = callback

    # Connecting ----------------------------------------------------------------------------------

    async def connect_to_server(self) -> None:
        """Connect; where that fails, calls go by HTTP, and connecting goes on in the background.

        Raises ConnectionError where they cannot go by HTTP, and NotEnabledError without the extra `client`.
        """
        if self._session is not None and not self._is_given_up:
            return
        await self.disconnect()
        self._session = new_session(self.options)
        self._is_given_up = False
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
                f"cannot connect to {self.socket_url}, and there is no HTTP to fall back to"
            )
        if not is_connected:
            self._log(LogLevel.WARNING, "no connection: calls go by HTTP")
            self._lost.set()
        self._supervisor = asyncio.create_task(self._supervise())

    async def _connect(self) -> bool:
        """Try once."""
        link = Link(self._session, self._answered, self._on_loss)
        try:
            await link.open(str(self.socket_url), self.options)
        except ConnectionError as error:
            self._log(LogLevel.WARNING, "%s", error)
            return False
        if link.is_lost:
            return False
        self._link = link
        self._settled.set()
        self._log(LogLevel.INFO, "connected to %s", self.socket_url)
        return True

    def _on_loss(self, link: Link) -> None:
        if link is not self._link:
            return
        self._link = None
        self._settled.clear()
        self._log(LogLevel.WARNING, "the connection is lost")
        for call in self._calls.all():
            if call.by is link:
                call.by, call.server_id = None, link.server_id
                if link.server_id is None:
                    self._fail(
                        call, LostError("the connection is lost; it is unknown whether the call was run")
                    )
        self._lost.set()

    async def _supervise(self) -> None:
        """Do what is to be done about lost connections, one after the other."""
        while True:
            await self._lost.wait()
            self._lost.clear()
            if self._link is not None:
                continue
            await self._resend()
            if await self._reconnected():
                await self._resend()
                continue
            self._is_given_up = not self._has_http
            self._settled.set()
            self._log(LogLevel.ERROR, "no connection any more%s", ": HTTP only" if self._has_http else "")
            for call in self._calls.all():
                if call.by is None and call.is_sent:
                    self._fail(call, ConnectionError("there is no connection any more"))

    async def _reconnected(self) -> bool:
        """Try as often as the options allow, or for ever where HTTP bridges the gap."""
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
        """Leave: calls that still wait fail, and callbacks that run may end, for `timeout` seconds."""
        if self._session is None:
            return
        if self._supervisor is not None:
            while not self._supervisor.done():  # `wait_for` of Python 3.11 may lose a cancellation
                self._supervisor.cancel()
                await asyncio.wait({self._supervisor}, timeout=0.1)
            self._supervisor = None
        link, self._link = self._link, None
        for call in self._calls.all():
            self._fail(call, ConnectionError("the client was disconnected before the result came"))
        if link is not None:
            await link.close()
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
        if session is not None:  # pragma: no branch - for who disconnects twice at a time
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
        """Call an api and return what the server, or the client, says at once: the result is the callback's.

        `callback_func` is the name of the callback, by default the api's; `callback_type="http"` has the
        call go by HTTP in any case. Where no result comes, the callback gets an error of the same form as the
        server's. Raises ValueError for arguments that are none, or a callback that is not registered;
        ConnectionError where the call cannot be sent, CallError where it is refused.
        """
        name = callback_func or api
        message = self._message(api, data, callback_type, name, request_id)
        if name not in self._callbacks:
            raise ValueError(self._unregistered(name))
        return await self._called(Call(message, None, callback_type == HTTP))

    async def request(
        self, api: str, data: object, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """Call an api and return its result.

        Raises as `call_api` does; TimeoutError after `timeout` seconds (by default the option's), CallError
        where the result is an error, and ConnectionError where it is unknown whether the call was run.
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
                waiter.exception()  # else asyncio says that nobody has looked at it

    def _message(
        self, api: str, data: object, callback_type: str, callback_func: str, request_id: str | None
    ) -> Message:
        """A call as it is sent; raises ValueError."""
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
            json.dumps(data)
        except (TypeError, ValueError, RecursionError) as error:
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
            answer = await self._first_sent(call, limit)
        except BaseException:
            self._calls.take(call.id)
            raise
        if call.failure is not None:
            raise call.failure
        return answer

    async def _first_sent(self, call: Call, limit: float) -> Message:
        """Send a call as soon as there is a way, within the limit."""
        while True:
            if not self._has_http:
                try:
                    await asyncio.wait_for(self._settled.wait(), limit)
                except asyncio.TimeoutError:
                    raise ConnectionError("there is no connection yet") from None
            link = self._link
            try:
                return await self._sent(call, limit)
            except UnsentError:
                if link is None or call.is_http:
                    raise

    async def _sent(self, call: Call, limit: float) -> Message:
        """Send a call by what there is; raises as `post` does."""
        link, message = self._link, dict(call.message)
        if call.is_sent:  # only the same server can tell that it is a repetition
            message["server_id"] = call.server_id
        if link is not None and not call.is_http:
            try:
                await link.send(message)
            except UnsentError:
                await link.close()
                raise
            call.by, call.is_sent = link, True
            return {"success": True, "message": "the call is sent", "request_id": call.id}
        if self._session is None or not self._has_http:
            raise UnsentError("there is no connection")
        message["callback_type"] = HTTP
        answer = await post(self._session, str(self.http_url), message, limit)
        server_id = answer.get("server_id")
        call.by, call.is_sent = HTTP, True
        call.server_id = server_id if isinstance(server_id, str) else None
        return answer

    async def _resend(self) -> None:
        """Send calls without a result again: those of a lost connection, and by a new one all others."""
        for call in self._calls.all():
            is_lost = call.by is None and call.is_sent
            is_asked_again = call.by == HTTP and call.server_id is not None and self._link is not None
            if is_lost or is_asked_again:
                try:
                    await self._sent(call, self.options.timeout)
                except (UnsentError, UnansweredError):
                    call.by = None  # there is the next time
                except LostError as error:
                    self._fail(call, error)
                except CallError as error:
                    call.by = None
                    if error.status < 500:
                        self._fail(call, error)

    # Results -------------------------------------------------------------------------------------

    async def handle_callback(self, data: object) -> Message:
        """Take a result that the server has sent to `callback_url`; its callback runs in the background.

        Raises ValueError for what is no result of a call, or of one whose callback is not registered.
        """
        if not isinstance(data, dict):
            raise ValueError("a result is an object")
        if not self._take(data):
            raise ValueError(self._unregistered(str(data.get("callback_func"))))
        return {"success": True, "message": "the result is taken"}

    def _unregistered(self, name: str) -> str:
        near = did_you_mean(name, self._callbacks)
        return (
            f"no callback `{name}` is registered{near}: call `client.register_callback({name!r}, ...)` first"
        )

    def _answered(self, answer: object = None, *_: object) -> None:
        """Take a result that came by the connection."""
        if not isinstance(answer, dict) or not self._take(answer):
            self._log(LogLevel.WARNING, "a result that nobody waits for is dropped")

    def _take(self, answer: Message) -> bool:
        """Give a result to who waits for it; False where nobody does."""
        id = answer.get("request_id")
        call = self._calls.take(id)
        if call is None and self._calls.is_done(id):
            self._log(LogLevel.DEBUG, "a result came once more")
            return True
        if call is None:
            name = answer.get("callback_func")
            return isinstance(name, str) and self._call_back(name, answer)
        if call.waiter is None:
            return self._call_back(call.message["callback_func"], answer)
        _settle(call.waiter, answer.get("data"), error_of(answer.get("data")))
        return True

    def _fail(self, call: Call, error: Exception) -> None:
        """End a call without a result; who has not been told yet that it is sent hears of it there."""
        self._calls.take(call.id)
        call.failure = error
        self._log(LogLevel.WARNING, "a call of `%.80s` failed: %s", call.message["api"], error)
        if call.waiter is not None:
            _settle(call.waiter, None, error)
        elif call.is_sent:
            self._call_back(call.message["callback_func"], {**call.message, "data": error_data(error)})

    def _expire(self, call: Call) -> None:
        self._fail(call, TimeoutError("no result came in time"))

    def _call_back(self, name: str, answer: Message) -> bool:
        """Have a callback run; False where there is none of the name."""
        callback = self._callbacks.get(name)
        if callback is None:
            return False
        task = asyncio.get_running_loop().create_task(self._run(name, callback, answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _run(self, name: str, callback: Callback, answer: Message) -> None:
        async with self._slots:
            try:
                await callback(answer)
            except Exception:
                self.callback_errors += 1
                self._log(LogLevel.ERROR, "the callback `%s` failed", name, exc_info=True)

    def _log(self, level: LogLevel, message: str, *args: object, exc_info: bool = False) -> None:
        if level >= self.options.log_level:
            log.log(level, message, *args, exc_info=exc_info)


def _settle(waiter: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    """Tell who waits, unless it has been cancelled."""
    if waiter.done():
        return
    if error is None:
        waiter.set_result(result)
    else:
        waiter.set_exception(error)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""
