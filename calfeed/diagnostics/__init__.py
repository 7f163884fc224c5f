"""A problem: where it is, what is wrong, what to write instead, and how it is shown."""
