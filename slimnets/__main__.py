"""`python -m slimnets`."""

from slimnets import commands

if __name__ == "__main__":
    commands.main()
