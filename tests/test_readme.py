"""The pages say what the code says."""

from pathlib import Path

from slimnets.report import networks

ROOT = Path(__file__).parent.parent


def test_the_page_of_networks_has_the_registrys_table():
    assert networks.format_table() in _read("docs/networks.md"), (
        "paste what `slimnets list` prints into docs/networks.md"
    )


def test_the_readme_has_a_row_for_each_family():
    assert networks.format_family_table() in _read("README.md"), (
        "paste slimnets.report.networks.format_family_table() into README.md"
    )


def _read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")
