"""Settings become flags and flags become settings; research/slim's flags are there."""

import dataclasses
from pathlib import Path
from typing import Literal

import pytest
from absl import flags

from slimnets import errors
from slimnets.config import dataclass_flags
from slimnets.config.dataclass_flags import setting
from slimnets.config.inference import EvalConfig, ExtractConfig
from slimnets.config.train import TrainConfig

CONFIGS = (TrainConfig, EvalConfig, ExtractConfig)

# reference/FEATURES.md, 1.1. Left out: flags that mean something else now (model_name
# is an alias; num_clones and num_preprocessing_threads can be 0, for "choose";
# dataset_name has no default since the digits are; checkpoint_exclude_scopes and
# trainable_scopes are lists) and flags that tf.distribute made void.
RESEARCH_SLIM = {
    "train_dir": "/tmp/tfmodel/",
    "clone_on_cpu": False,
    "num_readers": 4,
    "log_every_n_steps": 10,
    "save_summaries_secs": 600,
    "save_interval_secs": 600,
    "weight_decay": 0.00004,
    "optimizer": "rmsprop",
    "adadelta_rho": 0.95,
    "adagrad_initial_accumulator_value": 0.1,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "opt_epsilon": 1.0,
    "ftrl_learning_rate_power": -0.5,
    "ftrl_initial_accumulator_value": 0.1,
    "ftrl_l1": 0.0,
    "ftrl_l2": 0.0,
    "momentum": 0.9,
    "rmsprop_momentum": 0.9,
    "rmsprop_decay": 0.9,
    "learning_rate_decay_type": "exponential",
    "learning_rate": 0.01,
    "end_learning_rate": 0.0001,
    "label_smoothing": 0.0,
    "learning_rate_decay_factor": 0.94,
    "num_epochs_per_decay": 2.0,
    "moving_average_decay": None,
    "dataset_split_name": "train",
    "dataset_dir": None,
    "labels_offset": 0,
    "preprocessing_name": None,
    "batch_size": 32,
    "max_number_of_steps": None,
    "use_grayscale": False,
    "checkpoint_path": None,
    "ignore_missing_vars": False,
}
OTHER_DEFAULTS = (
    "dataset_name",
    "num_clones",
    "num_preprocessing_threads",
    "checkpoint_exclude_scopes",
    "trainable_scopes",
)


@dataclasses.dataclass(frozen=True)
class Inner:
    """Held by Outer."""

    count: int = setting(3, "How many.", lowest=1)
    limit: int | None = setting(None, "At most.", lowest=0)
    kind: str = setting("a", "Which.", choices=("a", "b"))


@dataclasses.dataclass(frozen=True)
class Outer:
    """One setting of each type."""

    name: str = setting("x", "Name.")
    folder: str | None = setting(None, "Where.")
    rate: float = setting(0.5, "How fast.")
    decay: float | None = setting(None, "How slow.", lowest=0, below=1)
    fast: bool = setting(False, "Whether.")
    gray: bool | None = setting(None, "Whether gray.")
    size: int | Literal["auto"] = setting(8, "How large.", lowest=1)
    scopes: tuple[str, ...] = setting((), "Which ones.")
    inner: Inner = dataclasses.field(default_factory=Inner)


def parsed(config_class: type, *arguments: str) -> flags.FlagValues:
    """Defines the flags of a dataclass and parses a command line."""
    values = flags.FlagValues()
    dataclass_flags.define_flags(config_class, values)
    values(["program", *arguments])
    return values


@pytest.mark.parametrize("config_class", [Outer, *CONFIGS])
def test_no_flags_give_the_defaults(config_class):
    assert (
        dataclass_flags.from_flags(config_class, parsed(config_class)) == config_class()
    )


def test_every_type_comes_through_the_flags():
    values = parsed(
        Outer,
        "--name=y",
        "--folder=/f",
        "--rate=1e-8",
        "--decay=0",
        "--fast",
        "--nogray",
        "--size=auto",
        "--scopes=a/b,c",
        "--count=7",
        "--limit=9",
        "--kind=b",
    )
    assert dataclass_flags.from_flags(Outer, values) == Outer(
        "y", "/f", 1e-8, 0.0, True, False, "auto", ("a/b", "c"), Inner(7, 9, "b")
    )


@pytest.mark.parametrize("argument", ["--kind=c", "--count=many", "--rate=fast"])
def test_flags_of_a_wrong_type_are_refused(argument):
    with pytest.raises(flags.IllegalFlagValueError, match=argument[2:6]):
        parsed(Outer, argument)


def test_a_number_or_a_word():
    assert dataclass_flags.from_flags(Outer, parsed(Outer, "--size=16")).size == 16
    with pytest.raises(
        flags.IllegalFlagValueError,
        match=r"flag --size=fast: it has to be a whole number or auto$",
    ):
        parsed(Outer, "--size=fast")


def test_dicts_and_back():
    config = Outer(scopes=("a", "b"), inner=Inner(count=9))
    values = dataclass_flags.to_dict(config)
    assert values["scopes"] == ["a", "b"] and values["count"] == 9
    assert "inner" not in values
    assert dataclass_flags.from_dict(Outer, values) == config


def test_a_dict_may_hold_less_and_more():
    assert dataclass_flags.from_dict(
        Outer, {"count": 9, "of_another_program": 1}
    ) == Outer(inner=Inner(count=9))


def test_check_lets_pass_what_is_high_enough():
    dataclass_flags.check(Outer(size="auto"))
    dataclass_flags.check(Outer(decay=0.0, inner=Inner(count=1, limit=None)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Outer(decay=-1.0), "--decay=-1.0 must be at least 0 and below 1"),
        (Outer(decay=float("nan")), "--decay=nan must be at least 0 and below 1"),
        (Outer(decay=2.0), "--decay=2.0 must be at least 0 and below 1"),
        (Outer(inner=Inner(kind="c")), "unknown kind 'c'; known: a, b"),
        (Outer(size=0), "--size=0 must be at least 1"),
        (Outer(inner=Inner(count=0)), "--count=0 must be at least 1"),
        (Outer(inner=Inner(limit=-1)), "--limit=-1 must be at least 0"),
    ],
)
def test_check_names_the_flag_that_is_too_low(config, message):
    with pytest.raises(errors.InputError, match=f"^{message}$"):
        dataclass_flags.check(config)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Returns a flagfile."""
    path = tmp_path / "recipe.flags"
    path.write_text(
        "# said of it\n\n--rate=0.25\n--count=8\n--scopes=a,b\n--fast=true\n"
    )
    return path


def test_a_recipe_fills_in_what_was_not_given(recipe):
    values = parsed(Outer, "--count=5")
    applied = dataclass_flags.apply_recipe(recipe, without=["fast"], flag_values=values)
    assert applied == ["--rate=0.25", "--scopes=a,b"]
    assert dataclass_flags.from_flags(Outer, values) == Outer(
        rate=0.25, scopes=("a", "b"), inner=Inner(count=5)
    )


def test_a_recipe_leaves_alone_what_was_given_by_an_alias(recipe):
    values = flags.FlagValues()
    dataclass_flags.define_flags(Outer, values)
    flags.DEFINE_alias("number", "count", flag_values=values)
    values(["program", "--number=5"])
    applied = dataclass_flags.apply_recipe(recipe, flag_values=values)
    assert values.count == 5 and "--count=8" not in applied


@pytest.mark.parametrize("config_class", CONFIGS)
def test_every_flag_is_explained(config_class):
    values = parsed(config_class)
    for name in dataclass_flags.to_dict(config_class()):
        text = values[name].help
        assert len(text) > 10 and text.endswith("."), f"--{name}: {text!r}"


@pytest.mark.parametrize("name", RESEARCH_SLIM)
def test_research_slims_defaults(name):
    assert dataclass_flags.to_dict(TrainConfig())[name] == RESEARCH_SLIM[name]


@pytest.mark.parametrize("name", OTHER_DEFAULTS)
def test_research_slims_other_flags(name):
    assert name in dataclass_flags.to_dict(TrainConfig())
