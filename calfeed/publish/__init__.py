"""Publish the output folder to its place."""
