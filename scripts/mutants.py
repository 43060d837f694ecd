"""Run mutmut on the modules that setup.cfg names, or on a part of their mutants, and print a table."""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import redirect_stdout
from fnmatch import fnmatch
from io import StringIO
from pathlib import Path

from mutmut.__main__ import create_mutants
from mutmut.mutation.data import SourceFileMutationData
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import copy_src_dir, walk_mutatable_files

# A mutant that hangs has been noticed, too. All else (no test calls it, pytest was interrupted) survives.
DETECTED = ("killed", "timeout")


def arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", help="names of mutants, such as `asynction.security.*`", nargs="*")
    parser.add_argument("--sample", help="how many mutants to run; 0 for all", type=int, default=0)
    parser.add_argument("--seed", help="chooses the sample", type=int, default=0)
    parser.add_argument("--jobs", help="how many processes", type=int, default=2)
    parser.add_argument("--at-least", help="the percentage to reach", type=float, default=85)
    return parser.parse_args()


def all_mutants(jobs: int) -> list[str]:
    """Make the mutants, as `mutmut run` would, and return their names: it runs all unless it is told some."""
    shutil.rmtree("mutants", ignore_errors=True)  # its verdicts are those of other code, or of other tests
    copy_src_dir()
    with redirect_stdout(StringIO()):
        create_mutants(jobs)
    return sorted(codes())


def codes() -> dict[str, int | None]:
    """Return the exit code of the tests by the name of each mutant; None for one that has not been run."""
    found: dict[str, int | None] = {}
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        found |= data.exit_code_by_key
    return found


def chosen(names: list[str], patterns: list[str], sample: int, seed: int) -> list[str]:
    """Return the names that match one of `patterns` (all, without patterns), or a sample of them."""
    matching = [name for name in names if not patterns or any(fnmatch(name, each) for each in patterns)]
    if not sample or sample >= len(matching):
        return matching
    return random.Random(seed).sample(matching, sample)  # noqa: S311 - nothing secret


def percentage(counts: Mapping[str, int]) -> float:
    """Return how many percent of the mutants the tests have noticed."""
    return 100 * sum(counts[status] for status in DETECTED) / sum(counts.values())


def table(statuses: Mapping[str, str]) -> str:
    """Return a line for each package, and one for all of them."""
    packages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, status in sorted(statuses.items()):
        packages[".".join(name.split(".")[:2])][status] += 1
    packages["all"] = sum(packages.values(), Counter())
    lines = [f"{'package':<22}{'run':>7}{'killed':>8}{'timeout':>9}{'survived':>10}{'%':>7}"]
    for package, counts in packages.items():
        survived = sum(counts.values()) - sum(counts[status] for status in DETECTED)
        lines.append(
            f"{package:<22}{sum(counts.values()):>7}{counts['killed']:>8}{counts['timeout']:>9}{survived:>10}"
            f"{percentage(counts):>7.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run mutants; return 0 if the tests notice enough of them."""
    options = arguments()
    names = all_mutants(options.jobs)
    mutants = chosen(names, options.patterns, options.sample, options.seed)
    if not mutants:
        print(f"no mutant is called {' or '.join(options.patterns)}; {names[0]} is one", file=sys.stderr)
        return 2
    mutmut = Path(sys.executable).with_name("mutmut")
    run = subprocess.run([mutmut, "run", "--max-children", str(options.jobs), *mutants], check=False)
    if run.returncode:
        return run.returncode
    found = codes()
    statuses = {name: status_by_exit_code[found[name]] for name in mutants}
    print("Survivors (`mutmut show NAME` shows the change):")
    print("\n".join(sorted(name for name, status in statuses.items() if status not in DETECTED)))
    print(f"\n{len(mutants)} of {len(names)} mutants\n\n{table(statuses)}")
    return int(percentage(Counter(statuses.values())) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
