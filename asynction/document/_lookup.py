"""Finds the document that an application names by a relative path."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from types import FrameType

from asynction.document._files import report_read
from asynction.document._nodes import Spec
from asynction.exceptions import DocumentError
from asynction.problems import Location, problem_at


def locate(spec: Spec) -> Spec:
    """Return the path of a document for a function that an application calls, such as `from_spec`.

    A relative path is looked up in the folder of the calling module, then in the working directory: the
    application starts from wherever it is called. Raises DocumentError, which names both, if neither has it.
    """
    frame = inspect.currentframe()
    function = frame.f_back if frame is not None else None
    folder = _folder_of(function.f_back if function is not None else None)
    if folder is None or not isinstance(spec, str | Path) or Path(spec).is_absolute():
        return spec
    here = Path.cwd()
    report_read(folder / spec)
    if folder != here and os.path.isfile(folder / spec):
        return folder / spec
    report_read(here / spec)
    if os.path.exists(spec):
        return spec
    places = f"in the working directory, `{here}`"
    if folder != here:
        places = f"beside the calling module, in `{folder}`, or {places}"
    message = f"`{spec}` does not exist {places}"
    raise DocumentError([problem_at(Location(str(spec), None, None, ""), "file", message)])


def _folder_of(frame: FrameType | None) -> Path | None:
    """Return the folder of the module of a frame; None for a module without a file, and for one of ours."""
    module = frame.f_globals if frame is not None else {}
    name, file = module.get("__name__", ""), module.get("__file__")
    if not isinstance(file, str) or name.partition(".")[0] == "asynction":
        return None
    return Path(os.path.abspath(file)).parent
