"""Search the schemas of the examples and of the conformance data for refusals that are slow.

A refusal may cost 50 times an acceptance of the same size, and a millisecond. Used by `make fuzz`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import thread_time

from asynction import load
from asynction.contract import Contract, Schema
from asynction.samples import Cost, Worst, find_worst
from asynction.validation import DRAFT_07, Validator, read_json
from tests.conformance.cases import CASES, document

ROOT = Path(__file__).parents[1]
FACTOR = 50
MARGIN = 1e-3
ANYTHING = Validator(Schema({}, DRAFT_07))
"""The cheapest acceptance: that of a schema without constraints."""

SHOWN = 300


def schemas() -> dict[str, Schema]:
    """Return all schemas of what clients and servers send, each once, with a name."""
    contracts = [("conformance", load(document(CASES)))]
    for path in sorted((ROOT / "specs" / "examples").glob("*/asyncapi*.yaml")):
        contracts.append((path.parent.name, load(path)))
    found: dict[str, tuple[str, Schema]] = {}
    for name, contract in contracts:
        for label, schema in _of(contract):
            if schema.is_json_schema:
                text = json.dumps([schema.dialect, schema.value], sort_keys=True, default=repr)
                found.setdefault(text, (f"{name}: {label}", schema))
    return dict(found.values())


def _of(contract: Contract) -> Iterator[tuple[str, Schema]]:
    for namespace in contract.namespaces.values():
        for event in (*namespace.receives.values(), *namespace.sends.values()):
            for kind, schema in (("args", event.args), ("ack", event.ack)):
                if schema is not None:
                    yield f"{kind} of `{event.name}` of `{namespace.name}`", schema


def excess(worst: Worst) -> float:
    """Return how often the slowest refusal is over what it may cost; 0 if there is none."""
    if worst.refused is None:
        return 0.0
    acceptance = acceptance_of(worst.refused.args)
    if worst.accepted is not None:
        acceptance = max(acceptance, worst.accepted.seconds / worst.accepted.size * worst.refused.size)
    return worst.refused.seconds / (FACTOR * acceptance + MARGIN)


def acceptance_of(args: tuple[object, ...]) -> float:
    """Return the seconds that it takes to read these args from JSON, and to accept them."""
    text, least = json.dumps(args, default=repr).encode(), float("inf")
    for _ in range(3):
        start = thread_time()
        value = read_json(text)
        ANYTHING.accepts((value,))
        least = min(least, thread_time() - start)
    return least


def again(schema: Schema, cost: Cost) -> Cost:
    """Measure a refusal once more, alone: the least of several is what it costs."""
    validator, least = Validator(schema), cost.seconds
    for _ in range(5):
        start = thread_time()
        validator.accepts(cost.args)
        least = min(least, thread_time() - start)
    return Cost(cost.args, cost.size, least)


def main() -> int:
    """Search, print what is slow, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="time for all schemas together")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = schemas()
    each = options.seconds / len(found)
    print(f"{len(found)} schemas, {each:.2f} s for each, seed {options.seed}", flush=True)
    slow, most = [], 0.0
    for name, schema in found.items():
        worst = find_worst(schema, random=Random(options.seed), seconds=each)  # noqa: S311 - nothing is a secret
        if worst.refused is not None and excess(worst) > 1:
            worst = Worst(worst.accepted, again(schema, worst.refused))
        most = max(most, excess(worst))
        if worst.refused is not None and excess(worst) > 1:
            slow.append(name)
            text = json.dumps(worst.refused.args, default=repr)
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
            milliseconds = worst.refused.seconds * 1e3
            print(f"{name}: {worst.refused.size} bytes refused in {milliseconds:.2f} ms: {shown}", flush=True)
    print(f"{len(slow)} of {len(found)} are too slow; the slowest costs {most:.2f} of what it may")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
