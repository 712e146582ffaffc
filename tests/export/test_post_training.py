"""A LiteRT file with smaller weights says what the network says, from both inputs."""

import numpy as np
import pytest

from slimnets import errors
from slimnets.export import joining, lite, post_training
from tests import extras

# Of random weights, whose logits lie close to each other, as a part of the largest.
TOLERANCE = {"float16": 0.002, "dynamic": 0.1, "int8": 0.1}


def weigh(path) -> int:
    return path.stat().st_size


@extras.needs("litert")
@pytest.mark.parametrize("kind", post_training.KINDS)
def test_both_signatures(network, encoded, images, logits, tmp_path, kind):
    (tmp_path / "float").mkdir()
    lite.write(tmp_path / "float", network)
    post_training.write(tmp_path, network, kind, images)
    found = lite.run(tmp_path, encoded, images)
    assert found.keys() == {"serving_default", "pixels"}
    atol = TOLERANCE[kind] * np.abs(logits).max()
    for value in found.values():
        np.testing.assert_allclose(value, logits, 0, atol)
    # The preparation is the same to the bit, and so are the weights, stored once.
    np.testing.assert_array_equal(found["pixels"], found["serving_default"])
    assert weigh(tmp_path / lite.FILE) < 0.7 * weigh(tmp_path / "float" / lite.FILE)
    assert (tmp_path / "labels.txt").is_file()


@extras.needs("litert")
def test_int8_has_a_range_for_each_channel_and_float_signatures(
    network, images, tmp_path
):
    post_training.write(tmp_path, network, "int8", images)
    interpreter = lite.make_interpreter(model_path=str(tmp_path / lite.FILE))
    for name, dtype in (("serving_default", np.float32), ("pixels", np.uint8)):
        run = interpreter.get_signature_runner(name)
        [given] = run.get_input_details().values()
        assert given["dtype"] == dtype
        assert {one["dtype"] for one in run.get_output_details().values()} == {
            np.float32
        }
    scales = [
        len(tensor["quantization_parameters"]["scales"])
        for tensor in interpreter.get_tensor_details()
        if tensor["dtype"] == np.int8 and len(tensor["shape"]) == 4
    ]
    assert max(scales) > 100
    kinds = {op["op_name"] for op in interpreter._get_ops_details()}
    assert "QUANTIZE" in kinds and "CONV_2D" in kinds


@extras.needs("litert")
def test_a_preparation_that_loops_is_refused(network, tmp_path):
    tools = joining.import_tools()
    lite.write(tmp_path, network)  # which has two graphs
    content = (tmp_path / lite.FILE).read_bytes()
    assert len(tools.read_model_from_bytearray(bytearray(content)).subgraphs) == 2
    with pytest.raises(errors.InputError, match="branches or loops"):
        joining.join(content, content, "pixels")
