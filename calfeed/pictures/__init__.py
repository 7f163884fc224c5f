"""Pictures as they are published: known formats only, within bounds, without metadata; pixels are never touched."""
