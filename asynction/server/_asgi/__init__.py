"""ASGI without a framework: applications, lifespan, tasks, a test client."""
