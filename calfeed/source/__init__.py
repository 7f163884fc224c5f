"""Reads the folder of events: YAML text to typed entries with positions."""
