"""What the two Socket.IO servers share."""
