"""The HTTP wire, by ASGI and by Flask, and its OpenAPI document."""
