"""A naming convention finds the handlers of a document that names none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from keyword import iskeyword
from types import ModuleType
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynction.contract import Contract, Event, Handlers, Info, Namespace, Target
from asynction.problems import Location
from asynction.runtime import import_path
from asynction.runtime._binding.resolver import ModuleResolver, Resolver, collisions

NONE = Handlers()
resolve = ModuleResolver("my_api.handlers")


def namespace(name: str, *events: str, handlers: Handlers = NONE, handler: str = "") -> Namespace:
    target = Target(handler) if handler else None
    received = {
        event: Event(event, handler=target, location=Location("f", row, 1, f"/{event}"))
        for row, event in enumerate(events, 1)
    }
    return Namespace(name, received, {"signUp": Event("signUp")}, handlers=handlers)


def clashes(*namespaces: Namespace, resolver: Resolver = resolve) -> list[str]:
    contract = Contract(Info("T", "1"), {}, {each.name: each for each in namespaces}, {})
    return [f"{p.rule} {p.line} {p.pointer} {p.message}" for p in collisions(resolver, contract)]


@pytest.mark.parametrize(
    ("name", "event", "path"),
    [
        ("/user", "sign up", "user.sign_up"),
        ("/", "message", "message"),
        ("/admin/users", "list", "admin.users.list"),
        ("/admin//users/", "list", "admin.users.list"),
        ("/rooms/{roomId}", "say", "rooms.say"),
        ("/{tenant}/rooms/{roomId}", "say", "rooms.say"),
        ("/{tenant}", "say", "say"),
        ("/roomMates", "connect", "room_mates.connect"),
        ("/", "disconnect", "disconnect"),
        ("/v1.2", "error", "v1_2.error"),
    ],
)
def test_a_namespace_is_a_module_and_an_event_a_function_in_it(name: str, event: str, path: str) -> None:
    assert resolve(namespace(name), event) == f"my_api.handlers.{path}"


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("signUp", "sign_up"),
        ("Sign-Up", "sign_up"),
        ("sign -- up", "sign_up"),
        ("chat:message.new", "chat_message_new"),
        ("done!", "done_"),
        ("!?", "_"),
        ("2fa", "_2fa"),
        ("class", "class_"),
        ("None", "none"),
        ("grüßen", "grüßen"),
        ("\N{LATIN SMALL LIGATURE FI}nd", "find"),
        ("x²", "x2"),
        ("\N{COMBINING ACUTE ACCENT}", "_\N{COMBINING ACUTE ACCENT}"),
        ("a.b.c", "a_b_c"),
        ("__class__", "_class_"),
    ],
)
def test_a_name_is_written_as_python_writes_it(event: str, name: str) -> None:
    assert resolve(namespace("/"), event) == f"my_api.handlers.{name}"


def test_an_event_without_a_name_has_no_handler() -> None:
    assert resolve(namespace("/"), "") is None


@given(st.text(), st.text())
def test_whatever_the_names_are_a_path_has_only_names_of_python(name: str, event: str) -> None:
    path = resolve(namespace(f"/{name}"), event)

    assert (path is None) == (event == "")
    for part in (path or "pkg").split("."):
        assert part.isidentifier()
        assert not iskeyword(part)
        assert part == normalize("NFKC", part)


@given(st.text(min_size=1))
def test_a_path_leads_to_the_function_that_python_defines_by_that_name(event: str) -> None:
    name = str(resolve(namespace("/"), event)).rpartition(".")[2]
    module = ModuleType("handlers")
    exec(f"def {name}(): ...", vars(module))

    assert callable(getattr(module, name))


def test_a_path_is_one_that_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ModuleResolver("os")(namespace("/path"), "isFile")

    assert path == "os.path.is_file"
    monkeypatch.setattr("os.path.is_file", len, raising=False)
    assert import_path(path) is len


def test_a_resolver_is_a_frozen_value() -> None:
    assert ModuleResolver("a") == ModuleResolver("a") != ModuleResolver("b")
    assert ModuleResolver.optional == {"connect", "disconnect", "error"}
    with pytest.raises(FrozenInstanceError):
        resolve.package = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    "namespaces",
    [
        [namespace("/", "sign up", "sign in")],
        [namespace("/a", "say"), namespace("/b", "say")],
        [namespace("/", "sign up"), namespace("/a", "signUp", handler="a.b")],
        [namespace("/", "signUp", "sign up", handler="a.b")],
        [namespace("/", "error", handlers=Handlers(error=Target("a.b")))],
        [namespace("/rooms"), namespace("/rooms/{id}")],
    ],
)
def test_events_on_paths_of_their_own_are_no_problem(namespaces: list[Namespace]) -> None:
    assert clashes(*namespaces) == []


def test_events_of_one_namespace_on_one_path_are_a_problem() -> None:
    assert clashes(namespace("/user", "signUp", "sign up", "other")) == [
        "handler 2 /sign up `sign up` resolves to `my_api.handlers.user.sign_up`,"
        " as does `signUp` of `/user`; set `x-handler` on one"
    ]


def test_events_of_namespaces_that_differ_by_parameters_are_a_problem() -> None:
    assert clashes(namespace("/rooms", "say"), namespace("/rooms/{id}", "hear", "say")) == [
        "handler 2 /say `say` resolves to `my_api.handlers.rooms.say`,"
        " as does `say` of `/rooms`; set `x-handler` on one"
    ]


@pytest.mark.parametrize(("event", "lifecycle_event"), [("error", "error"), ("Connect", "connect")])
def test_an_event_on_the_path_of_a_lifecycle_event_is_a_problem(event: str, lifecycle_event: str) -> None:
    assert clashes(namespace("/", event)) == [
        f"handler 1 /{event} `{event}` resolves to `my_api.handlers.{lifecycle_event}`,"
        f" as does the `{lifecycle_event}` handler of `/`; set `x-handler` on one"
    ]


@pytest.mark.parametrize(
    ("resolver", "problems"),
    [
        (lambda namespace, event: None, 0),
        (lambda namespace, event: f"a.{event}", 0),
        (lambda namespace, event: "a.b", 2),
    ],
)
def test_a_function_of_the_user_s_own_may_resolve(
    resolver: Callable[[Namespace, str], str | None], problems: int
) -> None:
    assert len(clashes(namespace("/", "a", "error", "c"), resolver=resolver)) == problems


def test_a_resolver_may_know_nothing_of_an_optional_lifecycle_event() -> None:
    class Own:
        optional = frozenset({"connect"})

        def __call__(self, namespace: Namespace, event: str) -> str | None:
            return None if event == "connect" else "a.b"

    assert clashes(namespace("/", "say"), resolver=Own()) == []
