"""Checks a published calendar as its readers see it."""
