"""What code may ask about the event that it handles."""

from __future__ import annotations

from asynction.runtime import ANONYMOUS, Context
from asynction.security import Identity


def test_a_context_says_what_happens_and_to_whom() -> None:
    made = Context("server", "/rooms/1", "say", "sid", ("a", "b"))
    assert (made.server, made.namespace, made.pattern) == ("server", "/rooms/1", "/rooms/1")
    assert (made.event, made.sid, made.args) == ("say", "sid", ("a", "b"))
    assert (made.contract, made.auth, made.reason, made.error) == (None, None, None, None)
    assert made.parameters == {}
    assert made.open_dependencies == []


def test_the_environment_is_asked_for_when_it_is_wanted() -> None:
    asked: list[tuple[str, str]] = []

    def environ(sid: str, namespace: str) -> dict[str, object]:
        asked.append((sid, namespace))
        return {"asked": len(asked)}

    made = Context("server", "/", "say", "sid", environ=environ)
    assert asked == []
    assert [made.environ["asked"], made.environ["asked"]] == [1, 2]
    assert asked == [("sid", "/")] * 2
    assert Context("server", "/", "say", "sid").environ == {}


def test_who_it_is() -> None:
    made = Context("server", "/", "say", "sid")
    assert made.identity is ANONYMOUS
    assert (made.user, made.token_info) == (None, None)
    made.identity = Identity({"bearer": {"uid": "ann"}})
    assert (made.user, made.token_info) == ("ann", {"uid": "ann"})
    made.identity = None  # it has not been let in
    assert (made.user, made.token_info) == (None, None)


def test_a_copy_has_other_args_and_all_else_in_common() -> None:
    made = Context("server", "/", "say", "sid", ("a",))
    made.identity = Identity({"bearer": {"sub": "ann"}})
    copy = made.replace(args=("b", "c"))
    assert (copy.args, made.args) == (("b", "c"), ("a",))
    assert (copy.has_new_args, made.has_new_args) == (True, False)
    assert (copy.user, copy.sid, copy.event) == ("ann", "sid", "say")
    assert copy.open_dependencies is made.open_dependencies  # what is opened in one is closed with the other


def test_a_context_shows_nothing_that_may_be_secret() -> None:
    made = Context("server", "/", "say", "sid-secret", ("secret",))
    made.auth = made.reason = "secret"
    assert repr(made) == "<Context 'say' in '/'>"
