"""Names, places and clocks of time zones, from pytz alone."""
