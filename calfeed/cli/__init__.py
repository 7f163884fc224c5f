"""Commands, thin; the clock, the environment, the streams."""
