"""The site while one writes."""
