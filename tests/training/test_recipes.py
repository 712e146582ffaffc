"""The flagfiles of train/recipes say what the program understands."""

from pathlib import Path

import pytest
from absl import flags

from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.nets import registry

RECIPES = Path(__file__).parents[2] / "train" / "recipes"
NAMES = sorted(path.name for path in RECIPES.glob("*.flags"))


def read(name: str) -> TrainConfig:
    """Returns the settings that `slimnets train --flagfile=NAME` has."""
    values = flags.FlagValues()
    flags.DEFINE_string("flagfile", "", "", flag_values=values)
    dataclass_flags.define_flags(TrainConfig, values)
    values(["slimnets train", f"--flagfile={RECIPES / name}"])
    return dataclass_flags.from_flags(TrainConfig, values)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_can_be_given_as_a_flagfile(name):
    config = read(name)
    dataclass_flags.check(config)
    assert config.run.num_epochs, "a recipe ends"
    if name != "digits.flags":  # that of any network
        assert registry.get_row(config.model).classes is not None


@pytest.mark.parametrize("name", [name for name in NAMES if "imagenet" in name])
def test_what_was_not_run_says_so_and_names_its_paper(name):
    text = (RECIPES / name).read_text(encoding="utf-8")
    assert "NOT RUN HERE" in text
    assert "arXiv:" in text
    assert f"train/recipes/{name}" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_recipes_has_each(name):
    page = RECIPES.parents[1] / "docs" / "recipes.md"
    assert name in page.read_text(encoding="utf-8")
