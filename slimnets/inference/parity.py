"""A quantized file beside its checkpoint: accuracy, time and size of both."""

from typing import Any, NamedTuple

from slimnets import errors
from slimnets.inference import tables

FILE = "parity.json"
SAME_CLASS = "same_class"  # the measure where nobody labelled the images

# How the first measure of a score, which decides, is called in a table.
_TITLES = {"top1": "top-1", "map": "mAP", SAME_CLASS: "same class", "top5": "top-5"}


class Scored(NamedTuple):
    """What some runner of a network reaches on the images.

    Attributes:
      name: of the runner, as the table shows it.
      measures: fractions by name; the first one decides.
      milliseconds: for one image alone; None where it was not taken.
      bytes: of its file; None where it has none.
    """

    name: str
    measures: dict[str, float]
    milliseconds: float | None = None
    bytes: int | None = None


class Parity(NamedTuple):
    """The report of an export whose file computes in other numbers.

    Attributes:
      kind: how the file is quantized.
      images: how many were scored.
      source: where they are from.
      checkpoint: the float network's accuracy in TensorFlow, time and size in LiteRT.
      file: the same of the quantized file.
      threads: that LiteRT computed with.
      calibration_images: on which ranges were found; 0 where none had to be.
      rounded: the network's accuracy as it was trained, rounded to 8 bits, in
        TensorFlow; None where it was trained in float.
    """

    kind: str
    images: int
    source: str
    checkpoint: Scored
    file: Scored
    threads: int
    calibration_images: int = 0
    rounded: Scored | None = None

    @property
    def measure(self) -> str:
        """The name of what decides."""
        return next(iter(self.checkpoint.measures))

    @property
    def drop(self) -> float:
        """Points that the file loses against what was trained; below 0: it gains."""
        return self._lose_from(self._trained)

    @property
    def drop_from_float(self) -> float | None:
        """The same against float weights; None where nothing is labelled."""
        if self.measure == SAME_CLASS:
            return None
        return self._lose_from(self.checkpoint)

    @property
    def _trained(self) -> Scored:
        return self.rounded or self.checkpoint

    def _lose_from(self, before: Scored) -> float:
        return 100 * (before.measures[self.measure] - self.file.measures[self.measure])

    def require(self, max_drop: float) -> None:
        """Raises an InputError if the file loses more than so many points, or NaN."""
        if not self.drop <= max_drop:
            before, after = (
                f"{scored.measures[self.measure]:.2%}"
                for scored in (self._trained, self.file)
            )
            raise errors.InputError(
                f"the {self.kind} file is not kept: {_title(self.measure)} on"
                f" {self.images} images of {self.source} falls from {before} to"
                f" {after}, {self.drop:.2f} points, more than --max_drop={max_drop:g}"
            )

    def __str__(self) -> str:
        """Returns a small table."""
        names = list(self.checkpoint.measures)
        head = [f"{self.images} images of {self.source}", *map(_title, names)]
        rows = [[*head, "ms/image", "MB"]]
        for scored in filter(None, (self.checkpoint, self.rounded, self.file)):
            rows.append(
                [
                    scored.name,
                    *(f"{100 * scored.measures[name]:.2f}" for name in names),
                    _show(scored.milliseconds, 1, 2),
                    _show(scored.bytes, 1e6, 2),
                ]
            )
        return (
            f"{tables.align(rows)}\n{_title(self.measure)} is {self._describe_drop()};"
            f" one image at a time by LiteRT, threads: {self.threads}"
        )

    def _describe_drop(self) -> str:
        if self.rounded is None:
            return _compare(self.drop)
        text = f"{_compare(self.drop)} than rounded in training"
        if self.drop_from_float is None:
            return text
        return f"{text}, {_compare(self.drop_from_float)} than in float"

    def to_json(self) -> dict[str, Any]:
        """Returns what `json.dump` takes; sizes are in bytes, accuracies in [0, 1]."""
        return {
            "quantization": self.kind,
            "images": self.images,
            "source": self.source,
            "measure": self.measure,
            "drop_in_points": self.drop,
            "drop_from_float_in_points": self.drop_from_float,
            "checkpoint": self.checkpoint._asdict(),
            "rounded": None if self.rounded is None else self.rounded._asdict(),
            "file": self.file._asdict(),
            "threads": self.threads,
            "calibration_images": self.calibration_images,
        }


def _compare(drop: float) -> str:
    return f"{abs(drop):.2f} points {'lower' if drop >= 0 else 'higher'}"


def _title(measure: str) -> str:
    return _TITLES.get(measure, measure)


def _show(value: float | None, unit: float, digits: int) -> str:
    return "" if value is None else f"{value / unit:.{digits}f}"
