"""Which examples a pipeline left out, because they could not be read or decoded."""

from collections.abc import Callable, Iterable

import numpy as np

from slimnets import errors


class LeftOut:
    """Notes the numbers of examples that should come in order, and do not.

    Attributes:
      lines: one for each example left out: which it is, and why.
    """

    def __init__(self, total: int, describe: Callable[[int], str], most: int | None):
        """Starts before the first.

        Args:
          total: examples there are; the numbers of those that come are below it.
          describe: returns the line for the example of a number.
          most: how many may be left out; None for any number.
        """
        self.lines: list[str] = []
        self._total, self._describe, self._most = total, describe, most
        self._next = 0

    def note(self, numbers: Iterable[int] | np.ndarray) -> None:
        """Notes a batch of examples that came, by their numbers.

        Raises:
          InputError: more are missing than may be, or there are more than the total.
        """
        for number in map(int, numbers):
            if number >= self._total:
                raise errors.InputError(
                    f"the dataset has more than the {self._total} examples that"
                    " dataset.json says; convert it again"
                )
            self._add(range(self._next, number))
            self._next = number + 1

    def finish(self) -> None:
        """Notes that no more come.

        Raises:
          InputError: more are missing than may be, or all of them.
        """
        self._add(range(self._next, self._total))
        if len(self.lines) == self._total:
            raise errors.InputError(
                f"none of the {self._total} images can be used, such as {self.lines[0]}"
            )

    def _add(self, missing: Iterable[int]) -> None:
        for number in missing:
            self.lines.append(self._describe(number))
            if self._most is not None and len(self.lines) > self._most:
                raise errors.InputError(
                    f"more than --max_bad_records={self._most} bad records, the last"
                    f" one: {self.lines[-1]}"
                )
