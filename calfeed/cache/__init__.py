"""What builds remember to save work; it can be deleted at any time."""
