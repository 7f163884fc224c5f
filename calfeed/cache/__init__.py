"""What builds remember; it may be deleted at any time."""
