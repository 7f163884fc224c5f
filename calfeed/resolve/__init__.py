"""Resolves entries read from the sources into a `Project`."""
