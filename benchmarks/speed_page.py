"""Fills the speed page and the README's table of speed from the results' CSV files.

    python -m benchmarks.speed_page

It draws a picture of every comparison in benchmarks/results. In docs/speed.md and
README.md it replaces what stands between the marks `<!-- begin NAME -->` and
`<!-- end -->` by the table NAME: that of a result file, or `headline`, all processors
side by side.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import results
from slimnets import errors, startup

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "speed.md")

_MARKED = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEADLINE_PEERS = ("keras", "pytorch")

Line = dict[str, str]  # of a CSV file, by column


class Compared(NamedTuple):
    """A line of the table of a comparison."""

    work: str
    images_per_s: str
    peer: str
    ratio: str
    limit: str
    goal: str


class Built(NamedTuple):
    """A line of the table of build times, in milliseconds of processor time."""

    network: str
    slimnets_ms: str
    tf_slim_ms: str
    ratio: str


class Scaled(NamedTuple):
    """A line of the table of batch and image sizes."""

    work: str
    batch: str
    image: str
    workers: str
    images_per_s: str
    memory_MB: str


class Quantized(NamedTuple):
    """A line of the table of quantized files, one image at a time."""

    network: str
    runner: str
    ms_per_image: str
    speed_over_litert_float: str
    MB: str
    threads: str


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


def read(path: Path) -> list[Line]:
    """Returns the lines of a result file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def compared(line: Line) -> Compared:
    """Returns a line of compare_peers' file as it is shown."""
    reached = {"yes": " reached", "no": " missed", "": ""}[line["reached"]]
    least, ratio, most = (float(line[key]) for key in ("least", "ratio", "most"))
    spread = "" if least == most else f" ({least:.2f} to {most:.2f})"
    return Compared(
        f"{line['work']}, {line['ours']}",
        f"{float(line['our_rate']):.1f}",
        f"{line['peer']}: {float(line['their_rate']):.1f}",
        f"{ratio:.2f}{spread}",
        f"{float(line['limit']):.1f}" if line["limit"] else "",
        f"{line['goal']}{reached}",
    )


def built(line: Line) -> Built:
    """Returns a line of build_times' file as it is shown."""
    ours, theirs = float(line["slimnets_ms"]), float(line["tf_slim_ms"])
    return Built(
        line["network"], f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}"
    )


def scaled(line: Line) -> Scaled:
    """Returns a line of scaling's file as it is shown."""
    memory = f"{float(line['memory_MB']):.0f}" if line["memory_MB"] else ""
    return Scaled(
        f"{line['what']} {line['network']}, {line['setting']}",
        line["batch_size"],
        line["image_size"],
        line["workers"],
        f"{float(line['images_per_s']):.1f}" if line["images_per_s"] else "failed",
        memory,
    )


def quantized(line: Line) -> Quantized:
    """Returns a line of quantization_speed's file as it is shown."""
    least, ratio, most = (float(line[key]) for key in ("least", "ratio", "most"))
    return Quantized(
        line["network"],
        line["runner"],
        f"{float(line['ms']):.1f}",
        f"{ratio:.2f} ({least:.2f} to {most:.2f})",
        f"{float(line['MB']):.1f}" if line["MB"] else "",
        line["threads"],
    )


# By the program that wrote a file, the beginning of its name.
_SHOWN: dict[str, Callable[[Line], NamedTuple]] = {
    "compare_peers": compared,
    "build_times": built,
    "scaling": scaled,
    "quantization_speed": quantized,
}


def table(name: str) -> str:
    """Returns a table as Markdown.

    Args:
      name: 'headline', or a file of benchmarks/results without its ending.

    Raises:
      InputError: there is no such file, or none of a program known here.
    """
    if name == "headline":
        return headline(sorted(RESULTS.glob("compare_peers_*.csv")))
    path = RESULTS / f"{name}.csv"
    shown = next((f for begin, f in _SHOWN.items() if name.startswith(begin)), None)
    if shown is None or not path.exists():
        raise errors.unknown(
            "result", name, ["headline", *(p.stem for p in RESULTS.glob("*.csv"))]
        )
    return results.markdown([shown(line) for line in read(path)])


def headline(paths: Sequence[Path]) -> str:
    """Returns the ratios to Keras and PyTorch: a row for each work, a column a run.

    Args:
      paths: files of compare_peers, one a kind of processor.
    """
    runs = {_processor(path): dict(_headline_ratios(path)) for path in paths}
    columns = [(run, peer) for run in runs for peer in _HEADLINE_PEERS]
    works = list(dict.fromkeys(work for ratios in runs.values() for work, _ in ratios))
    head = ["work", *(f"{run}: / {peer}" for run, peer in columns)]
    rows = [
        [work, *(runs[run].get((work, peer), "") for run, peer in columns)]
        for work in works
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _headline_ratios(path: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """Yields ((work, peer), ratio) of batches through TensorFlow."""
    for line in read(path):
        peer = line["peer"].split()[0]
        ours = line["ours"].split()[0]
        if peer not in _HEADLINE_PEERS or ours not in ("auto", "tensorflow"):
            continue
        if line["work"].startswith(("train", "infer")):
            yield (line["work"], peer), f"{float(line['ratio']):.2f}"


def _processor(path: Path) -> str:
    """Returns the kind of processor that a file's name tells, such as 'avx512 bf16'."""
    found = re.search(r"_cores_(.*)_tensorflow_", path.stem)
    return found[1].replace("_", " ") if found else path.stem


def bars(lines: Sequence[Line]) -> list[Bar]:
    """Returns a bar for each comparison of images per second."""
    return [
        Bar(
            f"{line['work']} ({line['ours']}) / {line['peer']}",
            float(line["ratio"]),
            (float(line["least"]), float(line["most"])),
        )
        for line in lines
        if not line["work"].startswith("first step")
    ]


def draw(shown: Sequence[Bar], title: str, path: Path) -> None:
    """Writes the picture: a bar each, and a line where both are as fast."""
    figure_module = errors.import_extra("matplotlib.figure", "benchmarks")
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


def fill(text: str) -> str:
    """Returns a page with every marked table as the results are now."""
    return _MARKED.sub(lambda found: f"{found[1]}{table(found[2])}\n{found[3]}", text)


def main(argv: list[str]) -> None:
    """Draws the pictures and fills the pages."""
    errors.refuse_arguments(argv)
    for path in sorted(RESULTS.glob("compare_peers_*.csv")):
        lines = read(path)
        title = f"{path.stem.replace('_', ' ')}, {lines[0]['date']}"
        draw(bars(lines), title, path.with_suffix(".png"))
        print(f"drew {path.with_suffix('.png')}")
    for page in PAGES:
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"filled {page}")


if __name__ == "__main__":
    startup.run(main)
