"""What stands in a moved program for an import that has no place today.

The program starts all the same: what is gone may be an option it never takes.
"""

from typing import Any, NoReturn


class GoneError(AttributeError):
    """A moved program used what TensorFlow 2 no longer has."""


class Gone:
    """Raises a GoneError that names what is gone, when it is used.

    Args:
      name: in full, as it was.
      remedy: what to do about it.
    """

    def __init__(self, name: str, remedy: str):
        self._text = f"{name} is gone: {remedy}"

    def __getattr__(self, attribute: str) -> NoReturn:
        raise GoneError(self._text)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise GoneError(self._text)

    def __mro_entries__(self, bases: Any) -> NoReturn:
        raise GoneError(self._text)
