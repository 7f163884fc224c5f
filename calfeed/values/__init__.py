"""Readers for single values: text in, plain value out."""
