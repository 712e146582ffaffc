"""Trained networks made ready to run: faster here, and in other runtimes."""
