"""The public names; importing them needs no extra."""

from __future__ import annotations

import subprocess
import sys

import asynction.middleware as package

CODE = """
import sys
sys.modules["prometheus_client"] = sys.modules["opentelemetry"] = None
from asynction.middleware import *
print(PrometheusMiddleware.__name__, OpenTelemetryMiddleware.__name__)
"""


def test_the_public_names_are_these() -> None:
    assert package.__all__ == [
        "AuthMiddleware",
        "BaseMiddleware",
        "LoggingMiddleware",
        "OpenTelemetryMiddleware",
        "PrometheusMiddleware",
        "RateLimitMiddleware",
        "TimeoutMiddleware",
        "auth_middleware",
        "logging_middleware",
        "rate_limit_middleware",
    ]
    assert all(hasattr(package, name) for name in package.__all__)


def test_importing_needs_no_extra() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "PrometheusMiddleware OpenTelemetryMiddleware\n"
