"""The commands: a thin layer, and the only one that uses the clock, the environment and the streams."""
