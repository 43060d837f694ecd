"""A page that explains a Socket.IO API in Socket.IO's words, and lets the reader call it."""

from asynction.ui._site import Response, Site

__all__ = ["Response", "Site"]
