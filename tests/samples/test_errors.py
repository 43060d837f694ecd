"""Exceptions name the location and the reason, and can be pickled."""

from __future__ import annotations

import pickle

import pytest

from asynction.exceptions import AsynctionException
from asynction.problems import Location
from asynction.samples import CannotSample


def test_the_location_and_the_reason_are_reported() -> None:
    location = Location("a.yaml", 3, 5, "/channels")
    error = CannotSample(location, "it allows no value")

    assert isinstance(error, AsynctionException)
    assert str(error) == "a.yaml:3:5: cannot make a value: it allows no value"
    assert (error.location, error.reason) == (location, "it allows no value")
    with pytest.warns(DeprecationWarning, match=r"write `CannotSample\.location`"):
        assert error.place is location


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(CannotSample(Location("a.yaml", None, None, ""), "why")))

    assert (error.location.file, error.reason) == ("a.yaml", "why")
