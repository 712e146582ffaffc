"""Which examples a pipeline left out, because they could not be read or decoded."""

from collections.abc import Callable, Iterable

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
        self._total = len(numbers)

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
          InputError: more are missing than may be, or all of them.
        """
        self._add(self._due)
        self._due = self._due[:0]
        if self.lines and len(self.lines) == self._total:
            raise errors.InputError(
                f"none of the {self._total} images can be used, such as {self.lines[0]}"
            )

    def _add(self, missing: Iterable[int]) -> None:
        for number in missing:
            self.numbers.append(number)
            self.lines.append(self._describe(number))
            if self._most is not None and len(self.lines) > self._most:
                raise errors.InputError(
                    f"more than --max_bad_records={self._most} bad records, the last"
                    f" one: {self.lines[-1]}"
                )
