"""slimnets beside Keras, PyTorch and OpenVINO on this machine, and the goals for it.

    python -m benchmarks.compare_peers

Each contender runs in a process of its own, in its fastest setting, and works in turns
with the others; a ratio is the median over the turns. The limit is the ratio that we
would have if multiply-adds were all our work, and as fast as those of a large matrix
product: a goal above it is out of this machine's reach. Peers that are not installed
(`pip install -e '.[benchmarks]'`) are named and left out.
"""

import dataclasses
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from absl import flags

from benchmarks import contest, hardware, peers, photos, results
from benchmarks.work import INFER, INPUT, TRAIN, Work
from slimnets import hardware as machine
from slimnets import startup
from slimnets.config import dataclass_flags

_WORKS = flags.DEFINE_list(
    "only", [], "Comma-separated parts of the works' names to measure; all if empty."
)
_PEERS = flags.DEFINE_list("peers", list(peers.NEEDS)[1:], "Who takes part.")
_TURNS = flags.DEFINE_integer("turns", 5, "Turns of each contender.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of a turn, at least one step.")
_PHOTOS = dataclass_flags.define_path(
    "photos",
    None,
    "Folder of class folders of JPEGs for the input; None takes scikit-learn's two.",
)
_OUTPUT = dataclass_flags.define_path(
    "output", "benchmarks/results", "Folder for the CSV file; empty writes none."
)


class Goals(NamedTuple):
    """The ratios to reach at some work: our images per second over theirs.

    Attributes:
      work: what all do.
      runtimes: which of our runtimes may be used; () means all.
      at_least: by peer, for those that take part; None has no goal.
    """

    work: Work
    runtimes: tuple[str, ...]
    at_least: dict[str, float | None]


_V1: dict[str, float | None] = {
    "v1_graph": None,
    "v1_fast": None,
}  # ours in a session, plain and fast
_INFERENCE = ("resnet_v1_50", "mobilenet_v2")
# Whose depthwise convolutions bfloat16 speeds up: what is to be reached with it.
_GAINS = {
    "mobilenet_v1": 1.6,
    "mnasnet_b1": 1.7,
    "efficientnet_b0": 1.3,
    "xception": 1.6,
}
_NOT_SLOWER = 0.97


def list_goals(has_bfloat16: bool) -> list[Goals]:
    """Returns what to reach with instructions for bfloat16, or without."""
    keras = {"mobilenet_v1": 2.5, "mobilenet_v2": 2.2}
    pytorch = 1.9 if has_bfloat16 else 1.2
    training = [
        ("resnet_v1_50", 16, {**_V1, "keras": 2.8, "pytorch": 1.3}),
        *(
            (
                name,
                16,
                {**_V1, "keras": goal if has_bfloat16 else 1.6, "pytorch": pytorch},
            )
            for name, goal in keras.items()
        ),
        ("alexnet_v2", 32, {**_V1, "keras": 3.0, "pytorch": 3.0}),
    ]
    alone = {**_V1, "keras": 3.5, "pytorch": 2.5}
    openvino = {"resnet_v1_50": 0.65, "mobilenet_v2": 0.7 if has_bfloat16 else 0.75}
    return [
        *(Goals(Work(name, TRAIN, n), (), goal) for name, n, goal in training),
        *(
            Goals(Work(name, INFER, 16), ("tensorflow",), {**alone, "openvino": goal})
            for name, goal in openvino.items()
        ),
        *(
            Goals(
                Work(name, INFER, 16, 299 if name == "xception" else 224),
                ("tensorflow",),
                {"before": gain if has_bfloat16 else _NOT_SLOWER},
            )
            for name, gain in _GAINS.items()
        ),
        *(
            Goals(Work(n, INFER, 16), ("openvino",), {"openvino": 0.97})
            for n in _INFERENCE
        ),
        *(
            Goals(Work(n, INFER, 1), (), {"pytorch": 3.0, "openvino": 1.0})
            for n in _INFERENCE
        ),
        Goals(Work("mobilenet_v2", INPUT, 16), (), {"keras": 1.3, "pytorch": 1.8}),
    ]


# Seconds from the start of the process to the end of the first step: at most these
# times the peer's.
FIRST_STEP_WORK = Work("resnet_v1_50", TRAIN, 16)
FIRST_STEP = {"keras": 0.7, "pytorch": 2.0}


class Comparison(NamedTuple):
    """One row of the table."""

    work: str
    ours: str
    our_rate: float
    peer: str
    their_rate: float
    ratio: float
    least: float
    most: float
    limit: float | None
    goal: str
    reached: str

    @classmethod
    def of_rates(
        cls,
        ours: contest.Contender,
        theirs: contest.Contender,
        goal: float | None,
        limit: float | None,
    ) -> "Comparison":
        """Compares images per second; `limit` is the most that we could have."""
        ratios = contest.ratios(ours, theirs)
        ratio = statistics.median(ratios)
        return cls(
            str(ours.work),
            ours.setting,
            ours.rate,
            str(theirs),
            theirs.rate,
            ratio,
            ratios[0],
            ratios[-1],
            None if limit is None else limit / theirs.rate,
            "" if goal is None else f">= {goal}",
            "" if goal is None else ("yes" if ratio >= goal else "no"),
        )

    @classmethod
    def of_first_steps(
        cls, ours: contest.Contender, theirs: contest.Contender, goal: float
    ) -> "Comparison":
        """Compares seconds until the first step is done."""
        ratio = ours.first_step / theirs.first_step
        return cls(
            f"first step, {ours.work} (s)",
            ours.setting,
            ours.first_step,
            str(theirs),
            theirs.first_step,
            ratio,
            ratio,
            ratio,
            None,
            f"<= {goal}",
            "yes" if ratio <= goal else "no",
        )


def compare(
    goals: Goals, names: Sequence[str], product_speed: float
) -> list[Comparison]:
    """Measures one work; who cannot do it is said and left out.

    Args:
      goals: what to measure, and what to reach.
      names: of the peers to measure beside.
      product_speed: billions of multiply-adds a second of a matrix product.
    """
    _say(str(goals.work))
    ours = _started("slimnets", goals.work, goals.runtimes)
    if ours is None:
        return []
    taking_part = [name for name in names if name in goals.at_least]
    others = [_started(name, goals.work) for name in taking_part]
    contenders = [ours, *(other for other in others if other is not None)]
    try:
        contest.race(contenders, _TURNS.value, _SECONDS.value)
        return list(_rows(contenders, goals, hardware.limit(goals.work, product_speed)))
    finally:
        for contender in contenders:
            contender.close()


def _started(
    peer: str, work: Work, runtimes: Sequence[str] = ()
) -> contest.Contender | None:
    """Starts a peer in its fastest setting, of some runtimes or of all."""
    settings = peers.load(peer).settings(work)
    if runtimes:
        settings = [name for name in settings if name.split()[0] in runtimes]
    try:
        return contest.fastest(peer, work, settings, _SECONDS.value, _say)
    except contest.Failed as failed:
        _say(f"  left out: {failed}")
        return None


def _rows(
    contenders: Sequence[contest.Contender], goals: Goals, most: float | None
) -> Iterable[Comparison]:
    ours, *others = contenders
    for other in others:
        yield Comparison.of_rates(ours, other, goals.at_least[other.peer], most)
        if str(goals.work) == str(FIRST_STEP_WORK) and other.peer in FIRST_STEP:
            yield Comparison.of_first_steps(ours, other, FIRST_STEP[other.peer])


def _wanted(work: Work) -> bool:
    return not _WORKS.value or any(part in str(work) for part in _WORKS.value)


def _say(line: str) -> None:
    print(line, flush=True)


def main(_: list[str]) -> None:
    """Measures what `list_goals` has and prints the table."""
    absent = {name: peers.missing(name) for name in _PEERS.value}
    for name, packages in absent.items():
        if packages:
            print(f"{name} is left out: {', '.join(packages)} not installed")
    names = [name for name, packages in absent.items() if not packages]
    speed, dtype = hardware.product_speed()
    print(f"a large matrix product: {speed:.0f} billion multiply-adds/s in {dtype}")
    rows: list[Comparison] = []
    with photos.folder(_PHOTOS.value) as folder:
        for goals in list_goals(machine.multiplies_bfloat16()):
            if _wanted(goals.work):
                work = dataclasses.replace(goals.work, photos=folder)
                rows += compare(goals._replace(work=work), names, speed)
    results.report(rows, "compare_peers", _OUTPUT.value)


if __name__ == "__main__":
    startup.run(main)
