"""What is raised says where and why, and can be sent to another process."""

from __future__ import annotations

import pickle

from asynction.exceptions import AsynctionException
from asynction.problems import Location
from asynction.samples import CannotSample


def test_the_place_and_the_reason_are_told() -> None:
    place = Location("a.yaml", 3, 5, "/channels")
    error = CannotSample(place, "it allows no value")

    assert isinstance(error, AsynctionException)
    assert str(error) == "a.yaml:3:5: cannot make a value: it allows no value"
    assert (error.place, error.reason) == (place, "it allows no value")


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(CannotSample(Location("a.yaml", None, None, ""), "why")))

    assert (error.place.file, error.reason) == ("a.yaml", "why")
