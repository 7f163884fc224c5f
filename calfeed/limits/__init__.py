"""What reading and rendering may take of memory."""
