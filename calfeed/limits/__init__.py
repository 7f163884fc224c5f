"""Limits on the memory that reading and rendering may use."""
