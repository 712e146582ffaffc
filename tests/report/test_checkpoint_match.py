"""What a checkpoint holds, and how it fits."""

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.nets import blueprint
from slimnets.report import checkpoint_match

HEAD = "MobilenetV1/Logits/Conv2d_1c_1x1"


@pytest.fixture
def variables():
    """Returns the variables of a network of 5 classes."""
    return blueprint.trace("mobilenet_v1_025", 5, image_size=32).variables


@pytest.fixture
def values(variables):
    """Returns what a checkpoint that fits them holds."""
    return {n: np.zeros(v.shape.as_list(), np.float32) for n, v in variables.items()}


def test_one_that_fits(tmp_path, variables, values):
    name = f"{HEAD}/weights"
    values |= {
        "global_step": np.array(1200, np.int64),
        f"{name}{checkpoints.AVERAGE_SUFFIX}": values[name],
        f"{name}/RMSProp": values[name],
        f"{name}/RMSProp_1": values[name],
        "elsewhere": np.zeros(1),
    }
    path = checkpoints.save(tmp_path, 3, values)
    held = checkpoint_match.match_checkpoint(path, variables, 5)
    size = sum(file.stat().st_size for file in tmp_path.glob("model.ckpt-3.*"))
    assert str(held).splitlines() == [
        f"checkpoint {path}",
        "step       1,200",
        "classes    5",
        f"content    142 arrays, {size / 1e6:.1f} MB; moving averages of 1 variables;"
        " 2 optimizer slots",
        "matched    137 of 137",
        "missing    none",
        "misshapen  none",
        "unused     1",
        "           elsewhere",
        "flags      none needed",
    ]


def test_one_of_other_classes(tmp_path, variables, values):
    values[f"{HEAD}/weights"] = np.zeros([1, 1, 256, 9], np.float32)
    values[f"{HEAD}/biases"] = np.zeros([9], np.float32)
    held = checkpoint_match.match_checkpoint(
        checkpoints.save(tmp_path, 0, values), variables, 9
    )
    assert held.misshapen == {
        f"{HEAD}/weights": ([1, 1, 256, 9], [1, 1, 256, 5]),
        f"{HEAD}/biases": ([9], [5]),
    }
    assert f"{HEAD}/biases [9] there, [5] here" in str(held)
    assert held.recommend_flags() == (
        "--checkpoint_exclude_scopes=MobilenetV1/Logits initializes these anew"
    )


def test_one_of_features(tmp_path, variables, values):
    values = {name: v for name, v in values.items() if not name.startswith(HEAD)}
    held = checkpoint_match.match_checkpoint(
        checkpoints.save(tmp_path, 0, values), variables, None
    )
    assert held.step is None and len(held.matched) == 135
    assert held.missing == (f"{HEAD}/weights", f"{HEAD}/biases")
    assert "classes    none: features alone" in str(held)
    assert held.recommend_flags().endswith(
        "initializes these anew; or --ignore_missing_vars"
    )


def test_one_of_another_network(tmp_path, variables):
    path = checkpoints.save(tmp_path, 0, {"a": np.zeros(1)})
    assert (
        checkpoint_match.match_checkpoint(path, variables, None)
        .recommend_flags()
        .startswith("--model: the check")
    )


@pytest.mark.parametrize(
    ("classes", "advice"),
    [
        (1000, "--labels_offset=1 for images with a background class 0"),
        (1001, "--labels_offset=-1 for images without a background class 0"),
    ],
)
def test_one_of_imagenet(tmp_path, classes, advice):
    values = {"a": np.zeros(classes)}
    path = checkpoints.save(tmp_path, 0, values)
    held = checkpoint_match.match_checkpoint(path, {}, classes)
    assert held.recommend_flags() == advice


def test_one_that_cannot_be_read(tmp_path, variables):
    (tmp_path / "model.ckpt-1.index").write_bytes(b"no index")
    with pytest.raises(errors.InputError, match="cannot be read"):
        checkpoint_match.match_checkpoint(
            str(tmp_path / "model.ckpt-1"), variables, None
        )
