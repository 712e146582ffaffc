"""Programs that write data or checkpoints: `python -m train.NAME --help`."""
