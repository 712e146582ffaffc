"""Flags that take several values with commas between, and every combination of them."""

import itertools
from collections.abc import Sequence
from typing import Any

from absl import flags


def allow_several(
    names: Sequence[str], flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Lets flags that are defined take several values: their value is a list then."""
    for name in names:
        flag_values[name].parser = _Several(flag_values[name].parser)


def list_combinations(
    values: dict[str, Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns what flags say, once for each combination of the several values of some.

    Args:
      values: by flag, as the flags that `allow_several` changed give them.
      names: the flags that may have several.

    Returns:
      For each combination, the values of those flags that have several.
    """
    varied = {name: values[name] for name in names if isinstance(values[name], list)}
    unique = [dict.fromkeys(several) for several in varied.values()]
    return [dict(zip(varied, one, strict=True)) for one in itertools.product(*unique)]


class _Several(flags.ArgumentParser):
    """Reads a value as another parser does, or a list of them."""

    def __init__(self, one: flags.ArgumentParser):
        self._one = one

    def parse(self, argument: Any) -> Any:
        if not isinstance(argument, str) or "," not in argument:
            return self._one.parse(argument)
        return [self._one.parse(word.strip()) for word in argument.split(",") if word]

    def flag_type(self) -> str:
        return f"{self._one.flag_type()}, or several with commas between"
