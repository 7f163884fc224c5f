"""Renders an edition as the bytes of files: iCalendar and Atom."""
