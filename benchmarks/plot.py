"""Makes the README's table and picture of a comparison from its CSV file.

    python -m benchmarks.plot benchmarks/results/compare_peers_*.csv

Prints the table as Markdown and writes the picture beside the file.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import results
from slimnets import errors, startup


class Line(NamedTuple):
    """One line of the README's table."""

    work: str
    images_per_s: str
    peer: str
    ratio: str
    limit: str
    goal: str


class Bar(NamedTuple):
    """One bar of the picture.

    Attributes:
      label: what is compared with whom.
      ratio: our speed over theirs, the median of the turns.
      spread: least and most of the turns.
    """

    label: str
    ratio: float
    spread: tuple[float, float]


def read(path: Path) -> list[dict[str, str]]:
    """Returns the rows of a file that compare_peers wrote."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or "our_rate" not in rows[0]:
        raise errors.InputError(f"{path} is not a file of benchmarks.compare_peers")
    return rows


def line(row: dict[str, str]) -> Line:
    """Returns a row as the README shows it."""
    reached = {"yes": " reached", "no": " missed", "": ""}[row["reached"]]
    least, ratio, most = (float(row[key]) for key in ("least", "ratio", "most"))
    spread = "" if least == most else f" ({least:.2f} to {most:.2f})"
    return Line(
        f"{row['work']}, {row['ours']}",
        f"{float(row['our_rate']):.1f}",
        f"{row['peer']}: {float(row['their_rate']):.1f}",
        f"{ratio:.2f}{spread}",
        f"{float(row['limit']):.1f}" if row["limit"] else "",
        f"{row['goal']}{reached}",
    )


def bars(rows: Sequence[dict[str, str]]) -> list[Bar]:
    """Returns a bar for each comparison of images per second."""
    return [
        Bar(
            f"{row['work']} ({row['ours']}) / {row['peer']}",
            float(row["ratio"]),
            (float(row["least"]), float(row["most"])),
        )
        for row in rows
        if not row["work"].startswith("first step")
    ]


def draw(shown: Sequence[Bar], title: str, path: Path) -> None:
    """Writes the picture: a bar each, and a line where both are as fast."""
    figure_module = errors.extra("matplotlib.figure", "benchmarks")
    figure = figure_module.Figure(figsize=(9, 0.28 * len(shown) + 1.2))
    axes = figure.subplots()
    places = range(len(shown))
    ratios = [bar.ratio for bar in shown]
    spreads = [
        [bar.ratio - bar.spread[0] for bar in shown],
        [bar.spread[1] - bar.ratio for bar in shown],
    ]
    colours = ["tab:blue" if ratio >= 1 else "tab:orange" for ratio in ratios]
    axes.barh(places, ratios, xerr=spreads, color=colours, ecolor="gray")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(places, [bar.label for bar in shown], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("slimnets' images per second / the peer's")
    axes.set_title(title, fontsize=9)
    figure.savefig(path, dpi=110, bbox_inches="tight")


def main(argv: list[str]) -> None:
    """Prints the table and draws the picture of each file."""
    if len(argv) < 2:
        raise errors.InputError("name a CSV file of benchmarks.compare_peers")
    for path in map(Path, argv[1:]):
        rows = read(path)
        print(results.markdown([line(row) for row in rows]))
        title = f"{path.stem.replace('_', ' ')}, {rows[0]['date']}"
        picture = path.with_suffix(".png")
        draw(bars(rows), title, picture)
        print(f"\nwritten to {picture}")


if __name__ == "__main__":
    startup.run(main)
