"""`python -m calfeed`."""

from calfeed.cli import main

main(prog_name="calfeed")
