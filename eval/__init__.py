"""Programs that read checkpoints: `slimnets NAME`, or `python -m eval.NAME`."""

from slimnets import module_alias

module_alias.install()  # once installed this folder is slimnets.eval as well
