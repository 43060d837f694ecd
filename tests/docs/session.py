"""Does what a page of the manual shows, block by block."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from importlib import import_module
from inspect import getdoc
from io import StringIO
from pathlib import Path
from textwrap import indent
from types import ModuleType

import yaml

from asynction import validate
from tests.docs.blocks import ROOT, Block, Kind
from tests.e2e.processes import free_port, running

PLACES = {
    "2.6.0": {
        "document": "",
        "servers": "channels: {}\nservers:\n",
        "channel": "channels:\n  /:\n",
        "message": "channels:\n  /:\n    publish:\n      message:\n",
    },
    "3.1.0": {
        "document": "",
        "servers": "channels: {}\nservers:\n",
        "channel": "channels:\n  main:\n",
        "message": "operations:\n  main: {action: receive, channel: {$ref: '#/channels/main'}}\n"
        "channels:\n  main:\n    messages:\n      event:\n",
    },
}
"""What stands before a part of a document of a version; the part is indented below it."""

_IGNORED = ("latest-version", "unused-component")
"""Advice that the manual's small documents have no use for."""

_FAILED = re.compile(
    r'Error: |: \d+ error|^::error |"level": "error"|"severity": "(error|ERROR|major)"|<failure', re.M
)
_STATUS = ["echo", "$?"]
_SHOWN = "127.0.0.1:5000"
_PACKAGES = {"asynction", "fastapi", "python-socketio"}


class Session:
    """One page at work: a folder, a Python namespace, at most one server, and what was printed last."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.port = free_port()
        page = ModuleType("page")
        page.__file__ = str(folder / "page.py")
        sys.modules["page"] = page  # where annotations of the page's classes are looked up
        self.names = vars(page)
        self.printed = ""
        self.server = stack.enter_context(ExitStack())
        self.steps: dict[Kind, Callable[[Block], None]] = {
            Kind.FILE: self.file,
            Kind.PART: self.part,
            Kind.SERVER: self.serve,
            Kind.OUTPUT: self.output,
            Kind.TEXT: self.docstring,
            Kind.PYTHON: self.python,
            Kind.CONSOLE: self.console,
        }

    def run(self, block: Block) -> None:
        """Test one block."""
        if block.kind not in (None, Kind.DIRECTIVE, Kind.LAYERS):
            self.steps[block.kind](block)

    def file(self, block: Block) -> None:
        path = self.folder / block.value
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text.replace(_SHOWN, f"127.0.0.1:{self.port}"), encoding="utf-8")
        if path.suffix == ".py":
            compile(block.text, str(block), "exec")
        elif re.search(r"^asyncapi:", block.text, re.MULTILINE):
            problems = validate(path, ignore=_IGNORED)
            assert bool(problems) == path.name.startswith("broken"), (str(block), problems)
        elif path.suffix in (".yaml", ".yml"):
            self.configuration(block)

    def configuration(self, block: Block) -> None:
        """Run what another tool's file tells it to run."""
        yaml.safe_load(block.text)
        for command in re.findall(r"^[ -]*(?:(?:run|entry): )?(asynction .+)$", block.text, re.MULTILINE):
            done = self.process(command)
            assert done.returncode in (0, 1), (str(block), done.stdout)

    def part(self, block: Block) -> None:
        place, _, version = block.value.partition(" ")
        version = version or "2.6.0"
        before = PLACES[version][place]
        last = before.splitlines()[-1:]
        depth = sum(len(line) - len(line.lstrip()) + 2 for line in last)
        path = self.folder / "part.yaml"
        head = f"asyncapi: {version}\ninfo: {{title: Part, version: 1.0.0}}\n"
        path.write_text(head + before + indent(block.text, " " * depth), encoding="utf-8")
        assert validate(path, ignore=_IGNORED) == [], str(block)

    def python(self, block: Block) -> None:
        # The blank lines give a traceback the line numbers of the page.
        code = compile("\n" * block.line + block.text, str(block.page), "exec", dont_inherit=True)
        with redirect_stdout(StringIO()) as printed:
            exec(code, self.names)
        self.printed = printed.getvalue()

    def output(self, block: Block) -> None:
        if block.language == "json":
            assert json.loads(self.printed) == json.loads(block.text), str(block)
        else:
            assert self.printed.strip() == block.text.strip(), str(block)

    def docstring(self, block: Block) -> None:
        assert block.text.strip() in (getdoc(import_module(block.value)) or ""), str(block)

    def console(self, block: Block) -> None:
        commands = _commands(block)
        for index, (command, shown) in enumerate(commands):
            words = shlex.split(command)
            if words[0] == "make":
                assert set(words[1:]) <= make_targets(), str(block)
            elif words[:2] == ["pip", "install"]:
                assert all(map(_can_be_installed, words[2:])), str(block)
            elif words != _STATUS:
                following = commands[index + 1 :][:1]
                said = [int(text) for next_, text in following if shlex.split(next_) == _STATUS]
                self.command(command, shown, said, block)

    def command(self, command: str, shown: str, said: list[int], block: Block) -> None:
        """Run a command; `said` has its status where the page asks for it with `echo $?`."""
        done = self.process(command)
        self.printed = done.stdout.replace(f"127.0.0.1:{self.port}", _SHOWN)
        assert self.printed.strip() == shown.strip(), str(block)
        if said:
            assert done.returncode == said[0], (str(block), self.printed)
        else:
            assert bool(done.returncode) == bool(_FAILED.search(shown)), (str(block), self.printed)

    def process(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line, with `< FILE` and `> FILE` as in a shell."""
        words = shlex.split(command.replace(_SHOWN, f"127.0.0.1:{self.port}"))
        given = words[words.index("<") + 1] if "<" in words else os.devnull
        taken = words[words.index(">") + 1] if ">" in words else None
        done = subprocess.run(
            self.words([word for word in words if word not in ("<", ">", given, taken)]),
            cwd=self.folder,
            env=os.environ | {"COLUMNS": "80", "PYTHONUNBUFFERED": "1", "SOURCE_DATE_EPOCH": "1780000000"},
            input=(self.folder / given).read_text(encoding="utf-8"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if taken is not None:
            (self.folder / taken).write_text(done.stdout, encoding="utf-8")
            done.stdout = ""
        return done

    def serve(self, block: Block) -> None:
        self.server.close()
        ((command, shown),) = _commands(block)
        assert not shown, str(block)
        words = self.words(shlex.split(command))
        if words[0] == sys.executable:
            words[1:1] = [str(Path(__file__).with_name("serve.py"))]
            words.append(str(self.port))
        else:
            words += ["--port", str(self.port)]
        log = self.folder / "server.log"
        self.server.enter_context(running(words, self.port, log, cwd=self.folder))

    def words(self, words: list[str]) -> list[str]:
        """The words of a command, with the programs of this environment."""
        here = Path(sys.executable)
        programs = {name: str(here.with_name(name)) for name in ("asynction", "uvicorn")}
        return [{"python": sys.executable, **programs}[words[0]], *words[1:]]


def make_targets() -> set[str]:
    """The targets that `make help` lists."""
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _can_be_installed(package: str) -> bool:
    name, _, extras = package.rstrip("]").partition("[")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return name in _PACKAGES and (
        name != "asynction" or not extras or set(extras.split(",")) <= set(setup["options.extras_require"])
    )


def _commands(block: Block) -> list[tuple[str, str]]:
    """Split a console block into its commands, each with what it prints."""
    assert block.text.startswith("$ "), str(block)
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]
