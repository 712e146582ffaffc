"""NASNet-A of keras.applications under our names."""

from collections.abc import Iterator, Sequence

from slimnets.weights.keras.kinds import CONV, DENSE, NORM, SEPARABLE
from slimnets.weights.rules import Layer

# The separable convolutions of a cell, each of them twice: Keras' name, ours, and the
# kernel's size, in the order in which Keras' files have them.
_NORMAL = (
    ("left1", "comb_iter_0/left", 5),
    ("right1", "comb_iter_0/right", 3),
    ("left2", "comb_iter_1/left", 5),
    ("right2", "comb_iter_1/right", 3),
    ("left5", "comb_iter_4/left", 3),
)
_REDUCTION_TO_POOL = (
    ("left1", "comb_iter_0/left", 5),
    ("right1", "comb_iter_0/right", 7),
)
_REDUCTION_TO_END = (
    ("right2", "comb_iter_1/right", 7),
    ("right3", "comb_iter_2/right", 5),
    ("left4", "comb_iter_4/left", 3),
)


def nasnet(cells: int) -> Iterator[Layer]:
    """Yields NASNet-A's layers.

    Args:
      cells: normal cells between two reductions.
    """
    yield Layer(CONV, "stem_conv1", "conv0")
    yield Layer(NORM, "stem_bn1", "conv0_bn")
    yield from _reduction("stem_1", "cell_stem_0", adjust=None)
    yield from _reduction("stem_2", "cell_stem_1", adjust="halve")
    for stage in range(3):
        first = stage * cells
        if stage:
            yield from _reduction(
                f"reduce_{first}", f"reduction_cell_{stage - 1}", adjust="project"
            )
        for cell in range(first, first + cells):
            # Keras counts a reduction as the cell that it follows.
            theirs = str(cell + 1 if stage else cell)
            yield from _normal(
                theirs, f"cell_{cell}", "project" if cell > first else "halve"
            )
    yield Layer(DENSE, "predictions", "final_layer/FC")


def _normal(theirs: str, ours: str, adjust: str) -> Iterator[Layer]:
    yield from _adjust(theirs, ours, adjust)
    yield Layer(CONV, f"normal_conv_1_{theirs}", f"{ours}/1x1")
    yield Layer(NORM, f"normal_bn_1_{theirs}", f"{ours}/beginning_bn")
    yield from _separable(f"normal_{{}}_{theirs}", ours, _NORMAL)


def _reduction(theirs: str, ours: str, adjust: str | None) -> Iterator[Layer]:
    own = (
        Layer(CONV, f"reduction_conv_1_{theirs}", f"{ours}/1x1"),
        Layer(NORM, f"reduction_bn_1_{theirs}", f"{ours}/beginning_bn"),
    )
    adjusted = list(_adjust(theirs, ours, adjust)) if adjust else []
    # Halving has its convolutions before, its batch norm behind the cell's own.
    yield from adjusted[:-1] if adjust == "halve" else []
    yield from own
    yield from adjusted[-1:] if adjust == "halve" else adjusted
    yield from _separable(f"reduction_{{}}_{theirs}", ours, _REDUCTION_TO_POOL)
    yield from _separable(f"reduction_{{}}_{theirs}", ours, _REDUCTION_TO_END)


def _adjust(theirs: str, ours: str, adjust: str) -> Iterator[Layer]:
    """Yields what brings the output of the cell before the last to this one's shape."""
    if adjust == "halve":
        yield Layer(CONV, f"adjust_conv_1_{theirs}", f"{ours}/path1_conv")
        yield Layer(CONV, f"adjust_conv_2_{theirs}", f"{ours}/path2_conv")
        yield Layer(NORM, f"adjust_bn_{theirs}", f"{ours}/final_path_bn")
    else:
        yield Layer(CONV, f"adjust_conv_projection_{theirs}", f"{ours}/prev_1x1")
        yield Layer(NORM, f"adjust_bn_{theirs}", f"{ours}/prev_bn")


def _separable(
    theirs: str, ours: str, rows: Sequence[tuple[str, str, int]]
) -> Iterator[Layer]:
    for time in (1, 2):
        for place, scope, size in rows:
            name = theirs.format(place)
            kernel = f"{size}x{size}_{time}"
            yield Layer(
                SEPARABLE,
                f"separable_conv_{time}_{name}",
                f"{ours}/{scope}/separable_{kernel}",
            )
            yield Layer(
                NORM,
                f"separable_conv_{time}_bn_{name}",
                f"{ours}/{scope}/bn_sep_{kernel}",
            )
