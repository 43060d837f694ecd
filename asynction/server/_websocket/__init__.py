"""Plain WebSockets: frames, connections, and transports."""
