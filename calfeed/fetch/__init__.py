"""Read what is published now, from a path or over https."""
