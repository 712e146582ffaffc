"""What the text of a flag means: a path, a duration, a word, numbers."""

import os
from collections.abc import Sequence

from absl import flags

from slimnets.config import durations


class PathParser(flags.ArgumentParser):
    """Reads a path that may begin with ~ or ~name, somebody's home folder."""

    def parse(self, argument: str) -> str:
        path = os.path.expanduser(argument)
        if path.startswith("~"):
            raise ValueError(
                f"no home folder of {path.partition('/')[0]}; a folder here that is"
                f" called so is ./{path}"
            )
        return path

    def flag_type(self) -> str:
        return "string"


class DurationParser(flags.ArgumentParser):
    """Reads a number of steps or of epochs."""

    def parse(self, argument: int | str) -> durations.Duration:
        return durations.parse(argument)

    def flag_type(self) -> str:
        return "duration"


class NumberOrWordParser(flags.ArgumentParser):
    """Reads a whole number, or one of a few words that stand for one."""

    def __init__(self, words: Sequence[str]):
        self._words = words

    def parse(self, argument: int | str) -> int | str:
        if argument in self._words:
            return argument
        try:
            return int(argument)
        except ValueError as error:
            words = " or ".join(self._words)
            raise ValueError(f"it has to be a whole number or {words}") from error

    def flag_type(self) -> str:
        return "int"


class NumbersParser(flags.ArgumentParser):
    """Reads numbers with commas between them."""

    def parse(self, argument: str | Sequence[float]) -> list[float]:
        words = argument.split(",") if isinstance(argument, str) else argument
        try:
            return [float(word) for word in words if word != ""]
        except ValueError as error:
            raise ValueError("it has to be numbers with commas between") from error

    def flag_type(self) -> str:
        return "comma separated list of numbers"
