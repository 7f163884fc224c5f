"""Turns rules into occurrences, in wall time."""
