"""Servers that behave like a contract before there is any code behind it."""
