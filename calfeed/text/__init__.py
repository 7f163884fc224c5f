"""Texts for people and the web addresses in them: what they may hold, and how Markdown is rendered."""
