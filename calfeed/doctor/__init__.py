"""A published calendar as its readers see it."""
