"""Dual-mode calls, by ASGI and by Flask."""
