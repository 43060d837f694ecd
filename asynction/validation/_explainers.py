"""Finds the faults of a value for each keyword: a table from an applicator to its explainer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from asynction.validation import _applicators as keywords
from asynction.validation._alternatives import WrongTag, choose, name_of, names_of
from asynction.validation._assertions import ENDING, Assertion
from asynction.validation._faults import Failing, Fault
from asynction.validation._messages import message_for, more_than_one_of, none_of, within
from asynction.validation._walk import Applicator, Pair, Walk

_MANY = 256
"""The number of items above which the engine checks an array before the walk does."""

Found = Iterator["Fault | Failing"]


def faults_of(walk: Walk, failing: Failing) -> Found:
    """Yield what is wrong with a value, by one schema: faults, and other schemas that it breaks."""
    for assertion in failing.node.assertions:
        if not assertion.holds(failing.value, walk.keys):
            yield from _broken(failing, assertion)
            if assertion.keyword in ENDING:
                return
    for applicator in failing.node.applicators:
        yield from _EXPLAINERS.get(type(applicator), _each)(walk, failing, applicator)


def _broken(failing: Failing, assertion: Assertion) -> Found:
    if assertion.keyword == "required":
        names: Any = assertion.value
        yield from (_fault(failing, "required", name) for name in names if name not in failing.value)
    else:
        yield _fault(failing, assertion.keyword, assertion.value)


def _fault(failing: Failing, keyword: str, value: object = None, *, at: str = "", message: str = "") -> Fault:
    """Return a fault; `at` is the keyword that it is reported at, if not `keyword`."""
    last = () if keyword == "falseSchema" else (at or keyword,)
    text = within(message or message_for(keyword, value), failing.alternative)
    return Fault(text, failing.place, (*failing.node.path, *last), failing.value)


def _each(walk: Walk, failing: Failing, applicator: Any) -> Found:
    """Explain a keyword that wants all of its pairs to be valid."""
    yield from _failing(walk, failing, applicator.pairs(walk, failing.value))


def _failing(walk: Walk, failing: Failing, pairs: Iterable[Pair]) -> Found:
    for node, item, key in pairs:
        if not walk.quickly(node, item):
            yield Failing(node, item, failing.place.child(key), failing.alternative)


def _none_more(walk: Walk, failing: Failing, applicator: Any) -> Found:
    """Explain a keyword that may be `false`: then what is too much is one fault of the whole."""
    if applicator.keyword == "items":
        yield from _items(walk, failing, applicator)
    elif applicator.node.schema is not False:
        yield from _each(walk, failing, applicator)
    elif next(iter(applicator.pairs(walk, failing.value)), None) is not None:
        yield _fault(failing, applicator.keyword)


def _items(walk: Walk, failing: Failing, applicator: keywords.Items) -> Found:
    """Explain `items`: among many of them, pass over those that the engine finds valid."""
    value = failing.value
    if not isinstance(value, list | tuple) or len(value) < _MANY or not walk.may_ask():
        yield from _each(walk, failing, applicator)
        return
    for start in range(applicator.start, len(value), _MANY):
        part = list(value[start : start + _MANY])
        if walk.accepts_all is None or not walk.accepts_all(applicator.node, part):
            pairs = (Pair(applicator.node, item, start + i) for i, item in enumerate(part))
            yield from _failing(walk, failing, pairs)


def _dependent(walk: Walk, failing: Failing, applicator: keywords.Dependent) -> Found:
    for name in applicator.missing(failing.value):
        yield _fault(failing, "required", name, at=applicator.keyword)
    yield from _each(walk, failing, applicator)


def _property_names(walk: Walk, failing: Failing, applicator: keywords.PropertyNames) -> Found:
    if not all(walk.valid(node, name) for node, name, _ in applicator.pairs(walk, failing.value)):
        yield _fault(failing, applicator.keyword)


def _contains(walk: Walk, failing: Failing, applicator: keywords.Contains) -> Found:
    if not isinstance(failing.value, list | tuple):
        return
    count = sum(1 for _ in applicator.followed(walk, failing.value))
    if count > applicator.most:
        yield _fault(failing, "maxContains", applicator.most)
    elif count < applicator.fewest:
        keyword = "minContains" if applicator.fewest != 1 else "contains"
        yield _fault(failing, keyword, applicator.fewest)


def _alternatives(walk: Walk, failing: Failing, applicator: keywords.AnyOf) -> Found:
    fitting = [node for node in applicator.nodes if walk.quickly(node, failing.value)]
    keyword = applicator.keyword
    if len(fitting) > applicator.most:
        yield _fault(failing, keyword, message=more_than_one_of(names_of(fitting)))
    elif not fitting:
        tag = failing.node.schema.get("discriminator")
        meant = choose(walk, applicator.nodes, failing.value, tag)
        if isinstance(meant, WrongTag):
            place, value = failing.place.child(meant.name), failing.value[meant.name]
            message = message_for("enum", meant.allowed)
            yield _fault(Failing(failing.node, value, place, failing.alternative), keyword, message=message)
        elif meant is not None:
            yield Failing(meant, failing.value, failing.place, name_of(meant))
        else:
            yield _fault(failing, keyword, message=none_of(names_of(applicator.nodes)))


def _not(walk: Walk, failing: Failing, applicator: keywords.Not) -> Found:
    if walk.valid(applicator.node, failing.value):
        yield _fault(failing, applicator.keyword)


def _if(walk: Walk, failing: Failing, applicator: keywords.If) -> Found:
    branch = applicator.branch(walk, failing.value)
    if branch is not None and not walk.valid(branch, failing.value):
        yield Failing(branch, failing.value, failing.place, failing.alternative)


_EXPLAINERS: dict[type[Applicator], Callable[[Walk, Failing, Any], Found]] = {
    keywords.AdditionalProperties: _none_more,
    keywords.AnyOf: _alternatives,
    keywords.Contains: _contains,
    keywords.Dependent: _dependent,
    keywords.If: _if,
    keywords.Items: _none_more,
    keywords.Not: _not,
    keywords.OneOf: _alternatives,
    keywords.PropertyNames: _property_names,
    keywords.Unevaluated: _none_more,
}
