"""Independent readers of iCalendar files: what subscribers' programs make of the bytes calfeed wrote.

Nothing here imports calfeed, and calfeed imports nothing from here: a mistake would have to be made twice, in two ways,
to go unseen. `rfc5545` reads by the letter of the RFC with the standard library alone; `pyreader` and `icaljs` ask the
libraries other programs are built on; all of them answer with `reading.Reading`. `rules` checks one file against the
rules of the project's research on clients.
"""
