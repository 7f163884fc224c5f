"""Decides which VTIMEZONE a file needs so that no reader misplaces a time."""
