"""Trains a tiny network for many steps and watches the memory of the process.

    python -m tests.soak.memory --steps=20000

Prints the resident megabytes as training goes on; ends with status 1 where they grow by
more than --most between the first fifth and the end.
"""

import sys
import tempfile
from pathlib import Path

from absl import app, flags

from slimnets import startup

_STEPS = flags.DEFINE_integer("steps", 20_000, "Steps to train.", lower_bound=10)
_MOST = flags.DEFINE_float("most", 10.0, "Megabytes that the process may grow by.")
_SEEDED = flags.DEFINE_boolean("seeded", True, "Train with --seed.")


def resident_megabytes() -> float:
    """Returns the memory that this process holds, as Linux counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main(argv: list[str]) -> None:
    """Trains in five parts of one run, and measures after each."""
    startup.start_tensorflow()
    from slimnets.monitoring.progress import TrainingProgress
    from slimnets.nets import registry
    from slimnets.training import trainer
    from tests.soak import dropping
    from tests.tiny_runs import make_config

    registry.NETWORKS["dropping"] = dropping.NETWORK
    part = _STEPS.value // 5
    held: list[float] = []
    step = TrainingProgress.step

    def step_and_measure(self: TrainingProgress, count: int = 1) -> None:
        step(self, count)
        self.taken = getattr(self, "taken", 0) + count
        if self.taken % part == 0:
            held.append(resident_megabytes())
            print(f"step {self.taken}: {held[-1]:.1f} MB", flush=True)

    TrainingProgress.step = step_and_measure
    with tempfile.TemporaryDirectory() as work:
        data = dropping.make_data(Path(work) / "data")
        config = make_config(
            data,
            Path(work),
            model="dropping",
            max_number_of_steps=_STEPS.value,
            save_interval_steps=part // 4,
            log_every_n_steps=100,
            seed=1 if _SEEDED.value else None,
        )
        trainer.train(config)
    grown = held[-1] - held[0]
    print(f"{grown:+.1f} MB from step {part} to step {_STEPS.value}")
    sys.exit(grown > _MOST.value)


if __name__ == "__main__":
    app.run(main)
