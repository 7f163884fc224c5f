"""How single values are written: text in, plain value out."""
