"""Learning curves as a picture."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from slimnets import errors
from slimnets.checkpoints import atomic_files

FILE = "curves.png"

_EXTRA = "plot"
_SIZE = (8.0, 9.0)  # inches

# Points of a curve: (step, value); what is None or not finite leaves a gap.
Curve = Sequence[tuple[int, float | None]]


def require() -> None:
    """Raises an InputError if the library that draws is not installed."""
    errors.import_extra("matplotlib.figure", _EXTRA)


def draw(
    path: Path, panels: Mapping[str, Mapping[str, Curve]], best: int | None
) -> None:
    """Writes a PNG of curves, one panel above the other.

    Args:
      path: of the file.
      panels: the curves of each panel by their legend, by the panel's title.
      best: the step of the best checkpoint, which a line marks; None for none.

    Raises:
      OSError: it cannot be written; an earlier picture is still there.
    """
    figure = errors.import_extra("matplotlib.figure", _EXTRA).Figure(
        figsize=_SIZE, layout="constrained"
    )
    axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        for name, points in curves.items():
            steps = [step for step, _ in points]
            values = [float("nan") if v is None else v for _, v in points]
            axis.plot(steps, values, marker="o", markersize=3, label=name)
        if best is not None:
            axis.axvline(best, color="gray", linestyle=":", label=f"best, step {best}")
        axis.set_ylabel(title)
        axis.grid(alpha=0.3)
        axis.legend()
    axes[-1].set_xlabel("step")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    atomic_files.write_bytes(path, content.getvalue())
