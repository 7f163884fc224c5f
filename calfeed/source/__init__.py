"""What is in the folder: YAML text to typed entries with positions."""
