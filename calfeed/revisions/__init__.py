"""What subscribers see of an event, which revision of it that is, and what is left of it when it goes."""
