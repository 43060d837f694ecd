"""A database of a few rows, in the words of the example's."""

from __future__ import annotations

from typing import Any

from tests.e2e.seeds.observable.models import ADA, ROWS


class Select:
    wanted: Any = None

    def where(self, wanted: Any) -> Select:
        self.wanted = wanted
        return self


def select(_: object) -> Select:
    return Select()


class Result:
    def __init__(self, found: Any) -> None:
        self.found = found

    def scalar_one_or_none(self) -> Any:
        return self.found


class AsyncSession:
    asked = 0

    async def execute(self, statement: Select) -> Result:
        AsyncSession.asked += 1
        return Result(next((row for row in ROWS if row.id == statement.wanted), None))


def get_async_db() -> AsyncSession:
    return AsyncSession()


class WithDatabase:
    """Attaches the session and the user to the scope beforehand, as the example says."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        users = {b"ada": ADA, b"bob": "bob"}
        user = users.get(dict(scope.get("headers", ())).get(b"x-user", b""))
        await self.app({**scope, "db": get_async_db(), "user": user}, receive, send)
