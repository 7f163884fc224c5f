"""The order of the stages: a folder of events to artifacts, and artifacts to DIST."""
