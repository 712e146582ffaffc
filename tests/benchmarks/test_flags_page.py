"""docs/flags.md has the flags as they are."""

from benchmarks import flags_page
from slimnets.config import help


def test_the_page_is_up_to_date():
    made = help.format_page(flags_page.PROGRAMS)
    written = flags_page.PAGE.read_text(encoding="utf-8")
    assert written == made, "run `make docs`"
