"""`python -m calfeed`."""

from calfeed.cli.main import main

if __name__ == "__main__":  # a process that helps imports this module anew, where processes are not forked
    main(prog_name="calfeed")
