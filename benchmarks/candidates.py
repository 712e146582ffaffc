"""Which ways to compute are tried for a network, and which one is taken."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.work import INFER, TRAIN
from slimnets.nets import fastest

_IN_16_BITS = "bfloat16 depthwise_gradients_in_float32"
_CANDIDATES = {
    TRAIN: (
        "float32 compiled_batch_norm",
        "bfloat16",
        _IN_16_BITS,
        f"{_IN_16_BITS} compiled_activations",
    ),
    INFER: ("bfloat16",),
}


class Row(NamedTuple):
    """A candidate beside plain float32."""

    network: str
    work: str
    runtime: str
    candidate: str
    images_per_s: float
    gain: float
    least: float
    most: float


def list_candidates(mode: str, has_bfloat16: bool) -> list[str]:
    """Returns the settings to try: precision, then ways; plain float32 is the first."""
    return [
        "float32",
        *(c for c in _CANDIDATES[mode] if has_bfloat16 or c.startswith("float32")),
    ]


def choose(rows: Sequence[Row], least_gain: float) -> fastest.Fastest:
    """Returns the candidate that gained most, or plain float32."""
    best = max(rows, key=lambda row: row.gain)
    if best.gain < least_gain:
        return fastest.Fastest(gain=1.0)
    precision, *ways = best.candidate.split()
    return fastest.Fastest(precision, tuple(ways), best.gain)
