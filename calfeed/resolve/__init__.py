"""From entries to a Project."""
