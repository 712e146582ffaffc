"""Tables of classes as text."""

from collections.abc import Sequence

import numpy as np

_MAX_ROWS = 50  # of a table; of more classes the best and the worst are shown
_EXTREMES = 10


def align(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *numbers in rows:
        cells = [name.ljust(widths[0])]
        cells += [n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def choose_classes(count: np.ndarray, quality: np.ndarray) -> list[int]:
    """Returns the classes to list.

    With more than 50 classes only those with examples are; if more than 50 have some,
    the 10 of best and the 10 of worst quality.

    Args:
      count: int64 [classes], examples of each.
      quality: float [classes], such as the recall.
    """
    listed: np.ndarray = np.arange(len(count))
    if len(listed) > _MAX_ROWS:
        listed = np.flatnonzero(count)
    if len(listed) > _MAX_ROWS:
        best_first = listed[np.argsort(-quality[listed], kind="stable")]
        listed = np.concatenate([best_first[:_EXTREMES], best_first[-_EXTREMES:]])
    return listed.tolist()
