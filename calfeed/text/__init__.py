"""Texts for people and the web addresses in them: which characters are allowed, and how Markdown is rendered."""
