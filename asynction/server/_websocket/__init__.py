"""Plain WebSockets: frames, one connection, where they come from."""
