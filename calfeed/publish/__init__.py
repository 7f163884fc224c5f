"""The output folder to its place."""
