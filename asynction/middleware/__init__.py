"""Middleware that runs around received events, on the Flask server and on the async one.

PrometheusMiddleware needs `asynction[prometheus]`, OpenTelemetryMiddleware `asynction[opentelemetry]`.
"""

from asynction.middleware._auth import AuthMiddleware, auth_middleware
from asynction.middleware._base import BaseMiddleware
from asynction.middleware._limits import RateLimitMiddleware, TimeoutMiddleware, rate_limit_middleware
from asynction.middleware._logging import LoggingMiddleware, logging_middleware
from asynction.middleware._metrics import PrometheusMiddleware
from asynction.middleware._tracing import OpenTelemetryMiddleware

__all__ = [
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
