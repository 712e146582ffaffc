"""Weights in TFLite's files, float and quantised."""

import warnings

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.weights import tflite
from slimnets.weights.convert import convert as convert_weights
from tests.weights.conftest import NETWORK, SIZE


@pytest.fixture(scope="module")
def convert(filled):
    """Returns what makes a TFLite file of the network with a converter's settings."""
    function = tf.function(lambda images: filled.model(images)[0], autograph=False)
    concrete = function.get_concrete_function(tf.TensorSpec([1, SIZE, SIZE, 3]))

    def convert(**settings):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tf.lite is to move to another package
            converter = tf.lite.TFLiteConverter.from_concrete_functions(
                [concrete], filled.model
            )
            for name, value in settings.items():
                setattr(converter, name, value)
            return converter.convert()

    return convert


def found_in(content, tmp_path):
    path = tmp_path / "weights.tflite"
    path.write_bytes(content)
    found = tflite.read(path, NETWORK)
    assert not found.unused
    assert "batch norm was folded" in found.notes[0]
    return found.values


@pytest.fixture(scope="module")
def of_floats(convert):
    """Returns what is in a file of float32 numbers."""
    return convert()


@pytest.mark.slow
def test_float(of_floats, filled, tmp_path):
    assert filled.error(found_in(of_floats, tmp_path)) < 1e-4


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
@pytest.mark.slow
def test_cut_off(of_floats, part, tmp_path):
    path = tmp_path / "weights.tflite"
    path.write_bytes(of_floats[: int(part * len(of_floats))])
    with pytest.raises(errors.InputError, match=r"cannot be read as a \.tflite file: "):
        tflite.read(path, NETWORK)


@pytest.mark.slow
def test_weights_of_another_width(of_floats, tmp_path):
    path = tmp_path / "weights.tflite"
    path.write_bytes(of_floats)
    with pytest.raises(errors.InputError, match=r"has shape \[3, 3, 3, 8\] there and"):
        convert_weights("tflite", str(path), "mobilenet_v1_050", tmp_path)


@pytest.mark.slow
def test_float16(convert, filled, tmp_path):
    content = convert(
        optimizations=[tf.lite.Optimize.DEFAULT],
        target_spec=tf.lite.TargetSpec(supported_types=[tf.float16]),
    )
    assert 1e-6 < filled.error(found_in(content, tmp_path)) < 0.01


@pytest.mark.slow
def test_int8(convert, filled, tmp_path):
    def samples():
        yield from ([image[None]] for image in filled.images)

    content = convert(
        optimizations=[tf.lite.Optimize.DEFAULT], representative_dataset=samples
    )
    assert 1e-6 < filled.error(found_in(content, tmp_path)) < 0.2


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"\x1c\0\0\0TFL3" + b"\xff" * 40]
)
def test_what_is_no_such_file(content, tmp_path):
    path = tmp_path / "weights.tflite"
    path.write_bytes(content)
    with pytest.raises(errors.InputError, match=r"cannot be read as a \.tflite file: "):
        tflite.read(path, NETWORK)
