"""What builds remember to save work. It can be deleted at any time."""
