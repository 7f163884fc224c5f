"""Independent readers of iCalendar files: how subscribers' programs read the bytes that calfeed wrote.

Nothing here imports calfeed, and calfeed imports nothing from here: to go unnoticed, a mistake would have to be made
twice, in two ways. `rfc5545` reads strictly by the RFC, with only the standard library; `pyreader` and `icaljs` use the
libraries that other programs are built on. All of them return `reading.Reading`s. `rules` checks one file against the
rules from the project's research on clients.
"""
