"""Reads the published manifest, from a path or over https."""
