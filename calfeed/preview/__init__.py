"""Previews the site while its sources are edited."""
