"""Texts people read, and the web addresses in them: what may stand there, and what Markdown makes of it."""
