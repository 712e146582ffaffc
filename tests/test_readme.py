"""The README says what the code says."""

from pathlib import Path

from slimnets.report import networks

README = Path(__file__).parent.parent / "README.md"


def test_the_table_of_networks_is_the_registrys():
    assert networks.format_table() in README.read_text(encoding="utf-8"), (
        "paste what `python -m eval.list_networks` prints into README.md"
    )
