"""The version of this distribution; setup.cfg reads it from here."""

__version__ = "1.0.0"
