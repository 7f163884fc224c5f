"""Prepare pictures for publishing: known formats only, within limits, metadata removed, pixels untouched."""
