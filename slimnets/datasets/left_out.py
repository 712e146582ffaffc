"""Which examples a pipeline left out, because they could not be read or decoded."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from slimnets import errors


class LeftOut:
    """Notes the numbers of examples that should come in order, and do not.

    Attributes:
      lines: one for each example left out: which it is, and why.
      numbers: theirs.
    """

    def __init__(
        self, numbers: range, describe: Callable[[int], str], most: int | None
    ):
        """Starts before the first.

        Args:
          numbers: those of the examples that should come.
          describe: returns the line for the example of a number.
          most: how many may be left out; None for any number.
        """
        self.lines: list[str] = []
        self.numbers: list[int] = []
        self._due, self._describe, self._most = numbers, describe, most

    def note(self, numbers: Iterable[int] | np.ndarray) -> None:
        """Notes a batch of examples that came, by their numbers.

        Raises:
          InputError: more are missing than may be, or there are more than the total.
        """
        for number in map(int, numbers):
            if number not in self._due:
                raise errors.InputError(
                    f"the dataset has more than the {self._due.stop} examples that"
                    " dataset.json says; convert it again"
                )
            missing = self._due.index(number)
            self._add(self._due[:missing])
            self._due = self._due[missing + 1 :]

    def finish(self) -> None:
        """Notes that no more come.

        Raises:
          InputError: more are missing than may be.
        """
        self._add(self._due)
        self._due = self._due[:0]

    def _add(self, missing: Iterable[int]) -> None:
        for number in missing:
            self.numbers.append(number)
            self.lines.append(self._describe(number))
            require_few(len(self.lines), self.lines[-1], self._most)


def require_few(count: int, example: str, most: int | None) -> None:
    """Raises an InputError if more examples were left out than may be.

    Args:
      count: of those left out.
      example: the line of one of them.
      most: how many may be; None for any number.
    """
    if most is not None and count > most:
        raise errors.InputError(
            f"more than --max_bad_records={most} bad records, such as {example}"
        )


def require_any(lines: Sequence[str], total: int) -> None:
    """Raises an InputError if all examples were left out.

    Args:
      lines: of those left out.
      total: examples there are.
    """
    if lines and len(lines) == total:
        raise errors.InputError(
            f"none of the {total} images can be used, such as {lines[0]}"
        )
