"""Whether the input or the network is the bottleneck of a training.

    python -m benchmarks.benchmark_pipeline --model=mobilenet_v1_025 --photos=DIR

Times the input of `train.train_image_classifier` by itself, then its step on images
from memory; in training both share the machine's cores. On a CPU the sum of their times
is what a step takes, and a faster input pays even where the network is slower.
"""

from typing import NamedTuple

from absl import flags

from benchmarks import contest, photos, results
from benchmarks.work import INPUT, TRAIN, Work
from slimnets import errors, startup
from slimnets.config import dataclass_flags

_MODEL = flags.DEFINE_string("model", "mobilenet_v2", "The network.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images a step.", lower_bound=1)
_IMAGE_SIZE = flags.DEFINE_integer(
    "image_size", None, "Height and width in pixels. None takes the network's own."
)
_PHOTOS = dataclass_flags.define_path(
    "photos", None, "Folder of class folders of JPEGs; None takes scikit-learn's two."
)
_TURNS = flags.DEFINE_integer("turns", 3, "Turns; the median counts.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 5.0, "Length of a turn, at least one step.")
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)


class Row(NamedTuple):
    """One of the two, by itself."""

    what: str
    images_per_s: float


def verdict(input_rate: float, network_rate: float) -> str:
    """Says which is the bottleneck.

    Args:
      input_rate: images per second of the input alone.
      network_rate: of the network alone.
    """
    both = 1 / (1 / input_rate + 1 / network_rate)
    slower = "input" if input_rate < network_rate else "network"
    share = both / input_rate
    return (
        f"the {slower} is the bottleneck; where both share these cores, about"
        f" {both:.1f} images/s, {share:.0%} of the time for the input"
    )


def measure(work: Work) -> float:
    """Returns images per second."""
    contender = contest.Contender("slimnets", "auto", work)
    try:
        contest.race([contender], _TURNS.value, _SECONDS.value)
    finally:
        contender.close()
    return contender.rate


def main(argv: list[str]) -> None:
    """Measures both and says which is slower."""
    errors.refuse_arguments(argv)
    from slimnets.nets import registry

    size = _IMAGE_SIZE.value or registry.get_row(_MODEL.value).image_size
    with photos.folder(_PHOTOS.value) as folder:
        rates = [
            measure(Work(_MODEL.value, mode, _BATCH_SIZE.value, size, folder))
            for mode in (INPUT, TRAIN)
        ]
    rows = [Row("input", rates[0]), Row("network", rates[1])]
    results.report(rows, "benchmark_pipeline", _OUTPUT.value)
    print(verdict(*rates))


if __name__ == "__main__":
    startup.run(main)
