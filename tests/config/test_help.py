"""The text of --help, and the page of all flags."""

import dataclasses

from slimnets.config import help
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class Boat:
    """How it floats.

    In water.
    """

    sails: int = setting(2, "Number of them.", common=True)
    keel: str | None = setting(None, "Its shape.")


@dataclasses.dataclass(frozen=True)
class Voyage:
    """A voyage."""

    aim: str = setting(
        "sea", "Where to, east|west.", common=True, choices=("sea", "lake")
    )
    boat: Boat = dataclasses.field(default_factory=Boat)


def test_help_has_what_most_people_use():
    assert help.format_help("Sails.\n\n  sail --aim=lake\n", Voyage, width=40) == (
        "Sails.\n\n  sail --aim=lake\n\n"
        "General:\n"
        "  --aim=<sea|lake>: Where to, east|west.\n"
        "    (default: sea)\n\n"
        "How it floats:\n"
        "  --sails: Number of them. (default: 2)\n\n"
        "--helpfull has all 3 flags, and those of\n"
        "absl."
    )


def test_the_page_has_every_flag():
    page = help.format_page({"sail": Voyage})
    assert "## sail\n\n### General\n" in page
    assert "| `--aim` | `sea` | Where to, east\\|west. One of `sea`, `lake`. |" in page
    assert "### How it floats\n" in page
    assert "| `--keel` |  | Its shape. |" in page
