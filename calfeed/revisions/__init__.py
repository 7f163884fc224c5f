"""What subscribers see of an event: its content, its revision, and the tombstone that replaces it."""
