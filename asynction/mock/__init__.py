"""Mock servers: they serve a contract before it has handlers."""
