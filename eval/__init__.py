"""Programs that read checkpoints: `python -m eval.NAME --help`."""

import train  # noqa: F401 - starts TensorFlow without its chatter, for all programs
