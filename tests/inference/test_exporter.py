"""An export is tried out before it is kept, and nothing else is touched."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExportConfig
from slimnets.export import saved_model
from slimnets.inference import exporter
from slimnets.model import Model
from slimnets.training.state import TrainState
from tests import extras

CLASSES = ["red", "green", "blue"]


def exported(path: str | Path, output: Path, say=lambda line: None, **flags):
    """Exports what lies at a path."""
    flags |= {"checkpoint_path": str(path), "output": str(output)}
    return exporter.export(dataclass_flags.from_dict(ExportConfig, flags), say)


def refused(path: str | Path, output: Path, **flags) -> str:
    """Returns the one line with which the export refuses a configuration."""
    with pytest.raises(errors.InputError) as caught:
        exported(path, output, **flags)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def class_names(output: Path) -> list[str]:
    return (output / "labels.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def in_process(monkeypatch) -> None:
    """Runs SavedModels here: a process of its own takes seconds to start."""

    def run(folder: Path, encoded: list[bytes], images: np.ndarray) -> dict:
        signatures = tf.saved_model.load(str(folder)).signatures
        inputs = {
            "serving_default": {"images": tf.constant(images)},
            "bytes": {"image_bytes": tf.constant(encoded)},
        }
        return {
            name: signatures[name](**given)["logits"].numpy()
            for name, given in inputs.items()
        }

    format_ = exporter.FORMATS["saved_model"]
    monkeypatch.setitem(exporter.FORMATS, "saved_model", format_._replace(run=run))


pytestmark = pytest.mark.usefixtures("in_process")


def test_a_run_with_its_settings(run, tmp_path):
    lines = []
    result = exported(run, tmp_path / "out", lines.append)
    assert [one.signature for one in result.comparisons] == ["serving_default", "bytes"]
    for one in result.comparisons:
        assert one.images == one.agreeing == 7 and one.difference < 1e-4
    assert result.output == tmp_path / "out" and result.size > 1000
    assert class_names(tmp_path / "out") == CLASSES
    assert [line.split(" from ")[0] for line in lines] == ["restored 6 variables"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


def test_moving_averages_are_applied(config, tmp_path, toy_data):
    """The averages say red, and the weights blue."""
    state = TrainState(config(moving_average_decay=0.9), 3)
    for name, variable in state.variables().items():
        variable.assign(tf.zeros_like(variable))
        if name == "Tiny/Logits/biases":
            variable.assign([0.0, 0.0, 9.0])
        if name == "Tiny/Logits/biases/ExponentialMovingAverage":
            variable.assign([9.0, 0.0, 0.0])
    path = state.save(tmp_path / "averaged", keep=1)
    exported(path, tmp_path / "out", model="tiny", dataset_dir=toy_data)
    signatures = tf.saved_model.load(str(tmp_path / "out")).signatures
    outputs = signatures["serving_default"](images=tf.zeros([1, 8, 8, 3]))
    assert outputs["label"].numpy().tolist() == [b"red"]


def test_in_bfloat16(run, tmp_path):
    """It takes and gives float32, and its logits are those of float32, rounded."""
    result = exported(run, tmp_path / "out", precision="bfloat16")
    for one in result.comparisons:
        assert 1e-4 < one.difference < 0.05
    signature = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    assert signature.structured_outputs["logits"].dtype == tf.float32
    multiplies = [op for op in signature.graph.get_operations() if op.type == "MatMul"]
    graph = signature.graph.as_graph_def()
    types = {
        node.attr["T"].type
        for function in graph.library.function
        for node in function.node_def
        if node.op in ("Conv2D", "MatMul")
    } | {op.get_attr("T").as_datatype_enum for op in multiplies}
    assert types == {tf.bfloat16.as_datatype_enum}


def test_the_fastest_precision_is_said(run, tmp_path):
    lines: list[str] = []
    exported(run, tmp_path / "out", lines.append, precision="auto")
    [line] = [line for line in lines if "--precision" in line]
    assert line.startswith("--precision=auto takes float32: tiny_bn was never measured")
    line = refused(run, tmp_path / "lite", format="lite", precision="bfloat16")
    assert line == (
        "--precision=bfloat16 is of TensorFlow's formats, saved_model and frozen_graph;"
        " leave it out for --format=lite, whose runtimes choose theirs"
    )


def test_a_folder_of_images(run, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(0)
    for k in range(3):
        image = random.integers(0, 255, [9 + k, 12, 3]).astype(np.uint8)
        (photos / f"{k}.png").write_bytes(tf.io.encode_png(image).numpy())
    result = exported(run, tmp_path / "out", images=str(photos), num_images=2)
    assert [one.images for one in result.comparisons] == [2, 2]
    assert not result.left_out
    (photos / "0.gif").write_bytes(b"GIF89a")
    (photos / "0.png").write_bytes((photos / "0.png").read_bytes()[:60])
    result = exported(run, tmp_path / "other", images=str(photos))
    assert [one.images for one in result.comparisons] == [2, 2]
    broken = [line.partition(": ")[0] for line in result.left_out]
    assert broken == [f"{photos}/0.gif", f"{photos}/0.png"]


def test_a_path_that_is_not_utf_8(run, tmp_path):
    output = tmp_path / os.fsdecode(b"caf\xe9") / "out"
    line = refused(run, output)
    assert line.startswith(f"{output} is not UTF-8, and TensorFlow loads a SavedModel")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@extras.needs("litert")
def test_a_lite_file_at_a_path_that_is_not_utf_8(run, tmp_path):
    output = tmp_path / os.fsdecode(b"caf\xe9") / "out"
    exported(run, output, format="lite")
    assert class_names(output) == CLASSES and (output / "model.tflite").is_file()


def test_a_disk_that_is_full_leaves_nothing(run, tmp_path, monkeypatch):
    def write(folder: Path, network: object) -> None:
        (folder / "half").touch()
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    format_ = exporter.FORMATS["saved_model"]
    monkeypatch.setitem(exporter.FORMATS, "saved_model", format_._replace(write=write))
    message = refused(run, tmp_path / "out")
    assert message == (
        f"cannot write the export into {tmp_path}: No space left on device"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(("given", "known"), [(True, True), (False, False)])
def test_class_names_of_a_published_checkpoint(
    tmp_path, toy_data, monkeypatch, given, known
):
    model = Model("tiny", 3)
    values = {name: v.numpy() for name, v in model.variables_by_name.items()}
    path = checkpoints.save(tmp_path / "published", 0, values)
    lines = []
    flags = {"dataset_dir": toy_data} if given else {"image_size": 8}
    exported(path, tmp_path / "out", lines.append, model="tiny", **flags)
    assert class_names(tmp_path / "out") == (CLASSES if known else ["0", "1", "2"])
    said = [line for line in lines if line.startswith("the names of the 3 classes")]
    assert len(said) == (not known)


class TestWhatWasThere:
    """Stays, unless it is an export and --overwrite is given."""

    def test_an_export(self, run, tmp_path):
        output = tmp_path / "out"
        output.mkdir()
        (output / saved_model.FILE).touch()  # by which an export is known
        (output / "mark").touch()
        assert refused(run, output) == (
            f"--output={output} holds an export already; name another, or give"
            " --overwrite"
        )
        assert (output / "mark").exists()
        exported(run, output, overwrite=True)
        assert not (output / "mark").exists()
        assert (output / saved_model.FILE).stat().st_size > 1000

    @pytest.mark.parametrize("overwrite", [True, False])
    def test_anything_else(self, run, tmp_path, overwrite):
        assert refused(run, run, overwrite=overwrite) == (
            f"--output={run} holds something else than an export; name another"
        )
        (tmp_path / "file").touch()
        message = refused(run, tmp_path / "file", overwrite=overwrite)
        assert "holds something else" in message

    def test_an_export_that_went_wrong(self, run, tmp_path, monkeypatch):
        good = exporter.FORMATS["saved_model"]
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / saved_model.FILE).write_bytes(b"an export")

        def off(*arguments):
            return {
                name: 1.01 * logits for name, logits in good.run(*arguments).items()
            }

        monkeypatch.setitem(exporter.FORMATS, "saved_model", good._replace(run=off))
        message = refused(run, tmp_path / "out", overwrite=True)
        assert message == (
            "the saved_model differs from the checkpoint, so it is not kept:"
            " serving_default: 7 of 7 images of the same class, largest difference"
            " 1.0e-02 of the largest logit, more than 1e-04"
        )
        assert (tmp_path / "out" / saved_model.FILE).read_bytes() == b"an export"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


class TestBadInput:
    """One line."""

    def test_no_output(self, run):
        with pytest.raises(errors.InputError, match="name the folder to write"):
            exporter.export(ExportConfig())

    def test_features_alone(self, tmp_path):
        model = Model("tiny", None)
        values = {name: v.numpy() for name, v in model.variables_by_name.items()}
        path = checkpoints.save(tmp_path / "features", 0, values)
        assert "no logits of tiny, only features" in refused(
            path, tmp_path / "out", model="tiny"
        )

    def test_metadata_of_another_format(self, run, tmp_path):
        assert refused(run, tmp_path / "out", format="onnx", metadata=True) == (
            "--metadata is of LiteRT's files; give --format=lite instead of"
            " --format=onnx, or leave it out"
        )
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    def test_not_a_number(self, tmp_path, toy_data):
        model = Model("tiny", 3)
        values = {name: v.numpy() for name, v in model.variables_by_name.items()}
        values["Tiny/Logits/biases"][0] = np.nan
        path = checkpoints.save(tmp_path / "broken", 0, values)
        flags = {"model": "tiny", "dataset_dir": toy_data}
        assert "difference nan" in refused(path, tmp_path / "out", **flags)
