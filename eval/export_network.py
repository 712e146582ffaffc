r"""Exports a trained network for other runtimes, verified against its checkpoint.

Example, then without slimnets `tf.saved_model.load("exported").signatures["bytes"]`:

  python -m eval.export_network --checkpoint_path=runs/photos --format=saved_model \
    --output=exported

Batch norm is folded, moving averages are applied where there are any, the names of the
classes go along. Every format takes preprocessed images and decoded ones as they are
(pixels), saved_model and frozen_graph JPEG and PNG files too, in any batch. Each is run
by its own runtime on real images; more than 1e-4 of the largest logit off the
checkpoint's, the export is an error and nothing is left of it. Images of a folder that
cannot be used are listed, with exit status 1. docs/export.md shows each format in use.
"""

import sys

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExportConfig

SETTINGS = ExportConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.DEFINE_alias("eval_image_size", "image_size")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Exports as the flags say."""
    errors.refuse_arguments(argv)
    from slimnets.inference import exporter

    config = dataclass_flags.from_flags(SETTINGS)
    export = exporter.export(config)
    for comparison in export.comparisons:
        print(comparison)
    if export.parity:
        print(export.parity)
    print(f"{config.format}: {export.output} ({export.size / 1e6:.1f} MB)")
    for line in export.left_out:
        print(f"left out: {line}", file=sys.stderr)
    if export.left_out:
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
