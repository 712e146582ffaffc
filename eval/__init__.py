"""Programs that read checkpoints: `python -m eval.NAME --help`."""
