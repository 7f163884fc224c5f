"""Prepare pictures for publishing: only known formats, within limits, without metadata, and with untouched pixels."""
