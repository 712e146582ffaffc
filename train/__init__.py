"""Programs that write data or checkpoints: `slimnets NAME`, `python -m train.NAME`."""

from slimnets import module_alias

module_alias.install()  # once installed this folder is slimnets.train as well
