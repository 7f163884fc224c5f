"""Everything that is published at once, compared with the last build: the manifest and the promises to subscribers."""
