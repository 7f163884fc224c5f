"""From a rule to occurrences, in wall time."""
