"""Writes docs/flags.md, a page of every flag of the programs that have settings.

python -m benchmarks.flags_page
"""

from pathlib import Path

from slimnets import startup
from slimnets.config import (
    checkpoint_files,
    compare,
    dataset_description,
    help,
    inference,
    serving,
    train,
)

PAGE = Path(__file__).parents[1] / "docs" / "flags.md"
PROGRAMS = {
    "slimnets train": train.TrainConfig,
    "slimnets eval": inference.EvalConfig,
    "slimnets compare": compare.CompareConfig,
    "slimnets extract": inference.ExtractConfig,
    "slimnets classify": inference.ClassifyConfig,
    "slimnets serve": serving.ServeConfig,
    "slimnets export": inference.ExportConfig,
    "slimnets describe-dataset": dataset_description.DescribeDatasetConfig,
    "slimnets checkpoints": checkpoint_files.CheckpointsConfig,
}


def main(argv: list[str]) -> None:
    """Writes the page."""
    PAGE.write_text(help.format_page(PROGRAMS), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    startup.run(main)
