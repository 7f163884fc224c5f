"""An edition to the bytes of files: iCalendar, Atom, JSON."""
