"""The pages say what the code says."""

import re
from pathlib import Path

import pytest

from slimnets.commands import PROGRAMS
from slimnets.nets import published, registry
from slimnets.report import networks
from slimnets.weights.published import listing

ROOT = Path(__file__).parent.parent
PAGES = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))


def test_the_page_of_networks_has_the_registrys_tables():
    for table in networks.format_table().split("\n\n"):
        assert table in _read("docs/networks.md"), (
            "paste what `slimnets list` prints into docs/networks.md"
        )


def test_the_readme_has_a_row_for_each_family():
    assert networks.format_family_table() in _read("README.md"), (
        "paste slimnets.report.networks.format_family_table() into README.md"
    )


def test_the_page_of_your_own_network_runs():
    """In one process, block after block, as a reader would try it."""
    page = _read("docs/your_network.md")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    *blocks, downloading = blocks
    assert len(blocks) == 3 and '"imagenet"' in downloading
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "NETWORKS", {})
        names: dict = {}
        for block in blocks:
            exec(block, names)
        assert list(registry.NETWORKS) == ["small"]
    assert names["logits"].shape == [None, 5]


def _read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_what_the_page_for_tf_slims_users_imports_is_there():
    page = _read("docs/from_tf_slim.md")
    lines = re.findall(r"`(from slimnets[\w.]* import \w+)`", page)
    assert len(lines) >= 10
    for line in dict.fromkeys(lines):
        exec(line, {})


def test_the_page_of_weights_has_the_catalogues_table():
    assert listing.format_sources(registry.NETWORKS) in _read("docs/weights.md"), (
        "paste slimnets.weights.published.listing.format_sources(NETWORKS)"
    )
    count = sum(map(len, published.read_catalogue().values()))
    networks_count = len(published.read_catalogue())
    line = f"lists the {count} sets of weights that {networks_count} networks have"
    assert line in _read("README.md")


def _list_commands(page: str) -> list[tuple[str, str]]:
    """Returns (program, arguments) of each `slimnets` command in a page's blocks."""
    blocks = re.findall(r"```bash\n(.*?)```", _read(page), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [re.search(r"\bslimnets ([a-z][\w-]*)([^#]*)", line) for line in lines]
    return [(match[1], match[2]) for match in found if match]


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_the_commands_of_a_page_are_programs_with_their_flags(page):
    known: dict[str, set[str]] = {}
    for part in _read("docs/flags.md").split("\n## slimnets ")[1:]:
        rows = re.findall(r"^\| `--(\w+)`", part, re.MULTILINE)
        known[part.split()[0]] = {*rows, "flagfile", "model_name", "import"}
    for program, arguments in _list_commands(page):
        assert program in PROGRAMS
        for flag in re.findall(r"--(\w+)", arguments):
            flags = known.get(program, {flag})  # docs/flags.md has not all programs
            assert {flag, flag.removeprefix("no")} & flags, f"{program} --{flag}"
