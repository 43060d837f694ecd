"""Binding handlers to a contract, at load."""
