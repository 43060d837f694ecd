"""Servers: the adapters that bring a contract to a wire."""
