"""The parts that the Socket.IO servers for Flask and ASGI share."""
