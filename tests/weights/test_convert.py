"""From every source to a checkpoint, and what is refused before anything is written."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config import choices
from slimnets.weights import convert
from slimnets.weights.keras import weights as keras
from tests.weights.conftest import CLASSES, NETWORK
from tests.weights.torch import writing

FIRST = "MobilenetV1/Conv2d_0/weights"


@pytest.fixture
def checkpoint(filled, tmp_path):
    """Returns the folder of the network's checkpoint at step 7."""
    folder = tmp_path / "checkpoint"
    values = {"global_step": np.array(7), **filled.values}
    checkpoints.save(folder, 7, values)
    return folder


def converted(kind, path, folder, **options):
    conversion = convert.convert(kind, str(path), NETWORK, folder, **options)
    return conversion, checkpoints.read(conversion.path)


def refusal(*arguments, **options):
    with pytest.raises(errors.InputError) as caught:
        convert.convert(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, name)


def test_what_was_done_is_said(checkpoint, filled, tmp_path):
    path = tmp_path / "theirs.weights.h5"
    keras.write(path, NETWORK, filled.values)
    conversion, found = converted("keras", path, tmp_path / "out")
    assert str(conversion).splitlines() == [
        f"converted 137 variables from {path}",
        f"{CLASSES} classes",
        f"written: {tmp_path}/out/model.ckpt-0",
    ]
    assert_same(found, {"global_step": 0, **filled.values})


def test_the_step_of_a_checkpoint_is_kept(checkpoint, filled, tmp_path):
    conversion, found = converted("checkpoint", checkpoint, tmp_path / "out")
    assert conversion.path == f"{tmp_path}/out/model.ckpt-7"
    assert not conversion.report.unused
    assert_same(found, {"global_step": 7, **filled.values})


def test_moving_averages_take_the_place_of_their_variables(filled, tmp_path):
    average = np.full_like(filled.values[FIRST], 0.5)
    values = {**filled.values, f"{FIRST}{checkpoints.AVERAGE_SUFFIX}": average}
    checkpoints.save(tmp_path, 3, values)
    conversion, found = converted("checkpoint", tmp_path, tmp_path / "out")
    assert conversion.notes[0] == "1 of its variables as moving averages"
    assert_same(found, {"global_step": 3, **filled.values, FIRST: average})


def test_a_checkpoint_of_2016s_format(filled, tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [tf.Variable(v, name=n) for n, v in filled.values.items()]
        session.run(tf.compat.v1.global_variables_initializer())
        saver = tf.compat.v1.train.Saver(made, write_version=1)
        path = saver.save(session, str(tmp_path / "model.ckpt"), write_meta_graph=False)
    for network in (NETWORK, None):
        folder = tmp_path / f"of {network}"
        conversion = convert.convert("checkpoint", path, network, folder)
        found = checkpoints.read(conversion.path)
        assert_same(found, {"global_step": 0, **filled.values})


def test_a_checkpoint_of_no_known_network_keeps_all_it_holds(tmp_path):
    values = {"a/weights": np.ones([2, 3]), "global_step": np.array(9)}
    checkpoints.save(tmp_path, 9, values)
    conversion = convert.convert("checkpoint", str(tmp_path), None, tmp_path / "out")
    assert_same(checkpoints.read(conversion.path), values)


def test_to_keras_and_back(checkpoint, filled, tmp_path):
    arguments = ("checkpoint", str(checkpoint), NETWORK)
    conversion = convert.convert(*arguments, tmp_path, to="keras")
    path = tmp_path / f"{NETWORK}.weights.h5"
    assert conversion.path == str(path)
    _, found = converted("keras", path, tmp_path / "out")
    assert_same(found, {"global_step": 0, **filled.values})
    named = tmp_path / "named.weights.h5"
    assert convert.convert(*arguments, named, to="keras").path == str(named)
    assert refusal(*arguments, named, to="keras") == (
        f"{named} exists; give another --output, or --overwrite to replace it"
    )
    convert.convert(*arguments, named, to="keras", overwrite=True)


def test_input_channels_are_flipped_once(checkpoint, filled, tmp_path):
    _, found = converted(
        "checkpoint", checkpoint, tmp_path / "out", flip_input_channels=True
    )
    flipped = filled.values[FIRST][:, :, ::-1]
    assert_same(found, {"global_step": 7, **filled.values, FIRST: flipped})


@pytest.mark.parametrize(
    ("classes", "note"),
    [
        (1000, "1000 classes, no background among them: where a dataset counts one,"),
        (1001, "1001 classes, of which class 0 is the background"),
    ],
)
def test_labels_with_and_without_background(classes, note, filled, tmp_path):
    head = {
        name: np.zeros([*value.shape[:-1], classes], np.float32)
        for name, value in filled.values.items()
        if "/Logits/" in name
    }
    checkpoints.save(tmp_path, 0, filled.values | head)
    conversion, _ = converted("checkpoint", tmp_path, tmp_path / "out")
    assert conversion.notes[0].startswith(note)


def test_variables_that_are_missing(filled, tmp_path):
    values = {name: v for name, v in filled.values.items() if name != FIRST}
    path = checkpoints.save(tmp_path, 0, values)
    arguments = ("checkpoint", str(tmp_path), NETWORK, tmp_path / "out")
    assert refusal(*arguments) == (
        f"{path} does not fit: {FIRST} is not in it; are these the weights of"
        f" {NETWORK}? --ignore_missing_vars leaves it out"
    )
    assert not (tmp_path / "out").exists()
    conversion = convert.convert(*arguments, ignore_missing=True)
    assert conversion.report.missing == (FIRST,)
    assert_same(checkpoints.read(conversion.path), {"global_step": 0, **values})


def test_weights_of_another_width(checkpoint, tmp_path):
    line = refusal("checkpoint", str(checkpoint), "mobilenet_v1_050", tmp_path / "out")
    assert f"{FIRST} has shape [3, 3, 3, 8] there and [3, 3, 3, 16] here" in line
    assert line.endswith("; are these the weights of mobilenet_v1_050?")


def test_weights_of_another_network(checkpoint, tmp_path):
    line = refusal("checkpoint", str(checkpoint), "lenet", tmp_path / "out")
    assert "such as LeNet/conv1/weights, but Mobilenet" in line
    assert line.endswith("; are these the weights of lenet?")


@pytest.mark.parametrize("kind", choices.WEIGHT_SOURCES)
def test_what_is_not_there(kind, tmp_path):
    line = refusal(kind, "nowhere", NETWORK, tmp_path)
    assert "no" in line
    assert "nowhere" in line


@pytest.mark.parametrize("kind", choices.WEIGHT_SOURCES)
def test_a_file_of_another_kind(kind, tmp_path):
    path = tmp_path / "text"
    path.write_text("not weights\n")
    network = "mobilenet_v2_035" if kind == "torch" else NETWORK
    assert f"{path}" in refusal(kind, str(path), network, tmp_path / "out")


def test_a_network_that_others_lack(tmp_path):
    path = writing.save_zip(tmp_path / "it.pth", {})
    for kind, whose in (("keras", "Keras'"), ("torch", "PyTorch's")):
        line = refusal(kind, str(path), "lenet", tmp_path)
        assert line.startswith(f"{whose} names of lenet are not known; known: ")


def test_a_variant_of_what_is_no_file_of_pytorchs(tmp_path):
    assert refusal("keras", "it.h5", NETWORK, tmp_path, variant="timm") == (
        "--variant is for PyTorch's files: give --from=torch or --to=torch"
    )


def test_a_network_that_nobody_knows(tmp_path):
    assert "did you mean" in refusal("keras", "it.h5", "mobilenet_v22", tmp_path)


def test_a_network_must_be_named(tmp_path):
    for kind, to in (("keras", "checkpoint"), ("checkpoint", "keras")):
        assert refusal(kind, "it", None, tmp_path, to=to) == (
            "name the weights' network with --model"
        )


def test_an_output_that_holds_something(checkpoint, tmp_path):
    for network in (NETWORK, None):
        line = refusal("checkpoint", str(checkpoint), network, checkpoint)
        assert line == (
            f"{checkpoint}/model.ckpt-7 exists; give another --output, or --overwrite"
            " to replace it"
        )
    converted("checkpoint", checkpoint, checkpoint, overwrite=True)


def test_an_output_that_cannot_be_written(checkpoint, tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    line = refusal("checkpoint", str(checkpoint), NETWORK, taken)
    assert line.startswith(f"cannot write the checkpoint {taken}/model.ckpt-7: ")
    inside = taken / "it.weights.h5"
    line = refusal("checkpoint", str(checkpoint), NETWORK, inside, to="keras")
    assert line.startswith(f"cannot write {inside}: ")
