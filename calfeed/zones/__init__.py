"""The names, places and clocks of time zones, with zone data from pytz only."""
