"""Renders the web pages of a calendar."""
