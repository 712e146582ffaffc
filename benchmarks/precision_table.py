"""Which number type and which ways are fastest for each network on this processor.

    python -m benchmarks.precision_table --networks='mobilenet_v1,mobilenet_v2'

Each candidate runs in a process of its own, in turns with plain float32; its gain is
the median of the turns' ratios. The best one becomes a row of nets/fastest.csv, for
processors of this one's instruction set; rows of others stay as they are. Where none
gains --least_gain, the row says float32. Measure on a quiet machine.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from benchmarks import contest, results
from benchmarks.candidates import Row, choose, list_candidates
from benchmarks.work import INFER, TRAIN, Work
from slimnets import errors, hardware, startup
from slimnets.config import dataclass_flags
from slimnets.nets import fastest

_NETWORKS = flags.DEFINE_list(
    "networks",
    ["mobilenet_v1", "mobilenet_v2", "resnet_v1_50"],
    "Names, or shell wildcards of names.",
)
_MODES = flags.DEFINE_list("modes", [TRAIN, INFER], "What to measure: train, infer.")
_RUNTIMES = flags.DEFINE_list(
    "runtimes", ["tensorflow"], "Which run inference: tensorflow, openvino."
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Images a step.", lower_bound=1)
_TURNS = flags.DEFINE_integer("turns", 5, "Turns; the median counts.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of a turn, at least one step.")
_LEAST_GAIN = flags.DEFINE_float(
    "least_gain", 1.03, "What a candidate has to gain on float32 to be taken."
)
_OUTPUT = dataclass_flags.define_path(
    "output", str(fastest.TABLE), "Table to enter the rows into; empty writes none."
)


def measure(network: str, mode: str, runtime: str) -> list[Row]:
    """Lets all candidates work in turns; who fails is said and left out."""
    from slimnets.nets import registry

    size = registry.get_row(network).image_size
    work = Work(network, mode, _BATCH_SIZE.value, size)
    contenders = []
    try:
        for candidate in list_candidates(mode, hardware.multiplies_bfloat16()):
            try:
                setting = f"{runtime} {candidate}" if mode == INFER else candidate
                contenders.append(contest.Contender("slimnets", setting, work))
            except contest.Failed as failed:
                print(f"left out: {failed}", flush=True)
        # The first turn warms up.
        contest.race(contenders, 1, _SECONDS.value)
        for contender in contenders:
            contender.rates.clear()
        contest.race(contenders, _TURNS.value, _SECONDS.value)
        return [_compare(c, contenders[0], runtime) for c in contenders]
    finally:
        for contender in contenders:
            contender.close()


def _compare(
    contender: contest.Contender, plain: contest.Contender, runtime: str
) -> Row:
    ratios = contest.ratios(contender, plain)
    return Row(
        contender.work.network,
        contender.work.mode,
        runtime,
        contender.setting.removeprefix(f"{runtime} "),
        contender.rate,
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
    )


def _enter(rows: Sequence[Row], path: str) -> None:
    """Writes what was fastest into the table."""
    first = rows[0]
    table = dict(fastest.read_table(Path(path))) if Path(path).exists() else {}
    key = fastest.Key(
        first.network, first.work, first.runtime, hardware.instruction_set()
    )
    table[key] = choose(rows, _LEAST_GAIN.value)
    fastest.write_table(table, Path(path))
    fastest.read_table.cache_clear()


def main(argv: list[str]) -> None:
    """Measures all networks asked for."""
    errors.refuse_arguments(argv)
    from slimnets.nets import registry

    if not hardware.instruction_set():
        raise errors.InputError("this processor has none of the kinds that are told")
    rows: list[Row] = []
    for pattern in _NETWORKS.value:
        found = registry.list_networks(pattern, "classifier")
        if not found:
            known = registry.list_networks(kind="classifier")
            raise errors.unknown("classifier of images", pattern, known)
        for network in found:
            for mode in _MODES.value:
                for runtime in ["tensorflow"] if mode == TRAIN else _RUNTIMES.value:
                    measured = measure(network, mode, runtime)
                    print(results.markdown(measured), flush=True)
                    if measured and _OUTPUT.value:
                        _enter(measured, _OUTPUT.value)
                    rows += measured
    results.report(rows, "precision_table", "")


if __name__ == "__main__":
    startup.run(main)
