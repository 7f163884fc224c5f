"""Everything that is published at once, compared with what was: the manifest, and the promises to subscribers."""
