"""Imports point one way: from the programs down to the layers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

# A room imports itself and those above it in this table, not those beside it.
ROOMS = (
    ("errors", "lazy", "module_alias"),
    ("folder_lock", "user_cache"),
    ("config", "hardware", "random_numbers"),
    ("startup",),
    ("layers",),
    ("mended", "quantization"),
    ("slim",),
    ("nets",),
    ("preprocessing",),
    ("datasets", "deployment"),
    ("checkpoints",),
    ("weights",),
    ("model",),
    ("distribution", "export", "monitoring"),
    ("report",),  # inference fills the page of an evaluation
    ("inference",),
    ("backbone", "maintenance", "serving", "training"),
    ("api",),
    ("slimnets",),  # the package itself, which offers what api does
    ("upgrade",),
    ("commands",),
    ("__main__",),
    ("benchmarks", "eval", "train"),
)
RANKS = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def room_of(module: str) -> str:
    """Returns the room that a module of ours lies in; '' for other people's."""
    top, _, rest = module.partition(".")
    if top == "slimnets" and rest:
        return rest.partition(".")[0]
    return top if top in (*RANKS, "tests") else ""


def imported(source: str) -> Iterator[str]:
    """Yields the modules that a file imports, at its top or anywhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def wrong_arrows(module: str, source: str) -> list[str]:
    """Returns the imports of a file that its room may not have."""
    here = room_of(module)
    there = {name: room_of(name) for name in imported(source)}
    return [
        f"{module} -> {name}"
        for name, room in there.items()
        if room not in ("", here) and RANKS.get(room, len(ROOMS)) >= RANKS.get(here, -1)
    ]


def files() -> Iterator[tuple[str, Path]]:
    """Yields the module name and the path of each file of ours."""
    for folder in ("slimnets", "train", "eval", "benchmarks"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__"), path


def test_every_arrow_points_down():
    wrong = [
        arrow
        for module, path in files()
        for arrow in wrong_arrows(module, path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "these imports go up or sideways: see the table in this file"


def test_every_folder_and_file_is_in_the_table():
    assert {room_of(module) for module, _ in files()} == set(RANKS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("slimnets.nets.vgg", "from slimnets.training import step"),
        ("slimnets.weights.match", "from slimnets import checkpoints, inference"),
        ("slimnets.config.train", "def f():\n  import slimnets.export.formats"),
        ("slimnets.model", "import slimnets"),
        ("slimnets.model", "from slimnets import resnet_v1_50"),
        ("eval.list_networks", "from train import convert_dataset"),
        ("eval.list_networks", "from tests.goldens import fill"),
    ],
)
def test_an_arrow_that_points_up_is_found(module, source):
    assert len(wrong_arrows(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("slimnets.nets.vgg", "from slimnets.nets import registry, row"),
        ("slimnets.training.step", "from slimnets import checkpoints, errors"),
        ("train.convert_weights", "import tensorflow as tf\nimport slimnets"),
    ],
)
def test_an_arrow_that_points_down_is_not(module, source):
    assert not wrong_arrows(module, source)
