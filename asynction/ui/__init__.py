"""The docs page: it describes a Socket.IO API in the terms of Socket.IO, and lets the reader call it."""

from asynction.ui._assets import has_console
from asynction.ui._site import Response, Site

__all__ = ["Response", "Site", "has_console"]
