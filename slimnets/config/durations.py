"""How long and how often, as users write it: 500 or 500st are steps, 10ep epochs."""

import math
import re

from slimnets import errors

# Steps, as a number or with their unit, or epochs, which may be in parts.
Duration = int | str

_FORM = re.compile(r"(?P<amount>\d+(?:\.\d+)?(?:e-?\d+)?)(?P<unit>st|ep)")


def parse(text: str | int) -> Duration:
    """Returns a duration as settings keep it: a number of steps, or '<number>ep'.

    Raises:
      ValueError: it is neither.
    """
    text = str(text).strip()
    if re.fullmatch(r"\d+(st)?", text):
        return int(text.removesuffix("st"))
    match = _FORM.fullmatch(text)
    if match is None or match["unit"] != "ep":
        raise ValueError(
            f"{text!r} is no duration; write 500 or 500st for steps, 10ep or 0.5ep for"
            " epochs"
        )
    return text if float(match["amount"]) else 0


def count_steps(duration: Duration, num_examples: int, batch_size: int) -> int:
    """Returns a duration in steps; an epoch that is cut by a step counts that step.

    Args:
      duration: as `parse` returns it.
      num_examples: in an epoch.
      batch_size: examples in a step, over all replicas together.

    Raises:
      InputError: it is no duration.
    """
    try:
        parsed = parse(duration)
    except ValueError as error:
        raise errors.InputError(str(error)) from error
    if isinstance(parsed, int):
        return parsed
    epochs = float(parsed.removesuffix("ep"))
    return math.ceil(epochs * num_examples / batch_size)
