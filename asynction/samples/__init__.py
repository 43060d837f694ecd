"""Values that conform to a schema: a readable example, or random ones from a seed."""

from asynction.samples._errors import CannotSample
from asynction.samples._fakes import new_faker
from asynction.samples._pool import Pool
from asynction.samples._sampler import Sampler, example, example_args
from asynction.samples._worst import Cost, Worst, find_worst

__all__ = [
    "CannotSample",
    "Cost",
    "Pool",
    "Sampler",
    "Worst",
    "example",
    "example_args",
    "find_worst",
    "new_faker",
]
