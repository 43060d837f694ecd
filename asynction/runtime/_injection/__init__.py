"""How a handler gets its arguments."""
