r"""Compares runs or checkpoints on the same held-out images.

Example:

  python -m eval.compare runs/a runs/b --report=compared.html

The best comes first; each other one has its difference to it, with the 95 % interval
and McNemar's exact test. The exit status is 1 where a run could not be evaluated.
"""

import sys

from absl import flags

from slimnets import startup
from slimnets.config import dataclass_flags
from slimnets.config.compare import CompareConfig

SETTINGS = CompareConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Compares what the words name as the flags say."""
    from slimnets.inference import comparison_report, run_comparison

    config = dataclass_flags.from_flags(SETTINGS)
    if config.report:
        comparison_report.check(config.report)
    runs = run_comparison.compare(config, argv[1:])
    print(run_comparison.format_table(runs))
    if config.report and run_comparison.list_evaluated(runs):
        comparison_report.write(config.report, runs, config)
    if any(run.error for run in runs):
        sys.exit(1)


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
