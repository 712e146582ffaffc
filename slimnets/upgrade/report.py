"""What was changed in a program and what is left to do, each with its place."""

from dataclasses import dataclass, field
from pathlib import Path

from slimnets import errors


@dataclass(frozen=True, order=True)
class Note:
    """One change, or one thing that is left.

    Attributes:
      file: relative to the program's folder.
      line: in the file as it was; 0 for the file as a whole.
      text: what, and what to do.
    """

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        place = errors.printable(str(self.file))
        return (
            f"{place}:{self.line}: {self.text}"
            if self.line
            else f"{place}: {self.text}"
        )


@dataclass
class Report:
    """Collects notes on all files of a program."""

    files: int = 0
    rewritten: int = 0
    changed: set[Note] = field(default_factory=set)
    left: set[Note] = field(default_factory=set)

    def format(self) -> str:
        """Returns the whole report: what is left to do first."""
        return "\n".join(
            [
                self.summary(),
                "",
                "Left to do; lines are those of the files as they were:",
                *_list(self.left),
                "",
                "Changed:",
                *_list(self.changed),
                "",
            ]
        )

    def summary(self) -> str:
        """Returns one line of numbers."""
        return (
            f"{self.files} files, {self.rewritten} of them rewritten:"
            f" {len(self.changed)} changes, {len(self.left)} things left to do"
        )


def _list(notes: set[Note]) -> list[str]:
    return [f"  {note}" for note in sorted(notes)] or ["  nothing"]
