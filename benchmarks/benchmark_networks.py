"""How fast slimnets' networks train and infer on this machine.

    python -m benchmarks.benchmark_networks --networks='mobilenet*,resnet_v1_50'

Each network at each work is measured in a process of its own, on images from memory.
One that does not fit into memory is a row that says so.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from benchmarks import contest, peers, results
from benchmarks.work import INFER, TRAIN, Work
from slimnets import errors, startup
from slimnets.config import dataclass_flags

if TYPE_CHECKING:
    from slimnets.nets.row import Network

_NETWORKS = flags.DEFINE_list("networks", ["*"], "Names, or shell wildcards of names.")
_MODES = flags.DEFINE_list("modes", [TRAIN, INFER], "What to measure: train, infer.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Images a step.", lower_bound=1)
_IMAGE_SIZE = flags.DEFINE_integer(
    "image_size", None, "Height and width in pixels. None takes each network's own."
)
_TURNS = flags.DEFINE_integer("turns", 3, "Turns; the median counts.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of a turn, at least one step.")
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)


class Row(NamedTuple):
    """A network at some work, in some setting; or why it was not done."""

    network: str
    work: str
    setting: str
    image_size: int
    batch_size: int
    multiply_adds_M: float
    images_per_s: float | None
    ms_per_step: float | None
    first_step_s: float | None
    memory_MB: float | None
    failed: str = ""


def measure(network: "Network", mode: str) -> Iterator[Row]:
    """Yields a row for each setting that slimnets offers for this work."""
    size = _IMAGE_SIZE.value or network.image_size
    work = Work(network.name, mode, _BATCH_SIZE.value, size)
    area = (size / network.image_size) ** 2
    for setting in peers.load("slimnets").settings(work):
        row = Row(
            network.name,
            mode,
            setting,
            size,
            work.batch_size,
            network.multiply_adds * area,
            *[None] * 4,
        )
        try:
            yield _measured(row, contest.Contender("slimnets", setting, work))
        except contest.Failed as failed:
            yield row._replace(failed=str(failed))


def _measured(row: Row, contender: contest.Contender) -> Row:
    try:
        contest.race([contender], _TURNS.value, _SECONDS.value)
    finally:
        contender.close()
    return row._replace(
        images_per_s=contender.rate,
        ms_per_step=1000 * row.batch_size / contender.rate,
        first_step_s=contender.first_step,
        memory_MB=contender.megabytes,
    )


def main(argv: list[str]) -> None:
    """Measures all networks asked for."""
    errors.refuse_arguments(argv)
    from slimnets.nets import registry

    names: dict[str, None] = {}
    for pattern in _NETWORKS.value:
        found = registry.list_networks(pattern, "classifier")
        if not found:
            known = registry.list_networks(kind="classifier")
            raise errors.unknown("classifier of images", pattern, known)
        names |= dict.fromkeys(found)
    rows = []
    for name in names:
        for mode in _MODES.value:
            for row in measure(registry.get_row(name), mode):
                speed = row.failed or f"{row.images_per_s:.1f} images/s"
                print(f"{row.work} {row.network} ({row.setting}): {speed}", flush=True)
                rows.append(row)
    results.report(rows, "benchmark_networks", _OUTPUT.value)


if __name__ == "__main__":
    startup.run(main)
