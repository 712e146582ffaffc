"""Feature extraction: what is chosen, for which images, in which file."""

import csv
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExtractConfig
from slimnets.datasets import arrays, tfrecord
from slimnets.inference import features
from slimnets.model import Model
from slimnets.training import trainer
from tests import extras
from tests.datasets.records import write
from tests.tiny_runs import CLASSES, make_config


def silent(line: str) -> None:
    """Says nothing."""


def extracted(
    path: str | Path, output: Path | None, *end_points: str, say=silent, **flags
):
    """Extracts end points from what lies at a path."""
    flags |= {"output": output and str(output), "end_points": end_points}
    flags["checkpoint_path"] = str(path)
    return features.extract(dataclass_flags.from_dict(ExtractConfig, flags), say)


def refused(path: str | Path, output: Path | None, *end_points: str, **flags) -> str:
    """Returns the one line with which extraction refuses a configuration."""
    with pytest.raises(errors.InputError) as caught:
        extracted(path, output, *end_points, **flags)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def trained(tiny_networks, toy_data, tmp_path_factory) -> Path:
    """Returns a folder with a trained network."""
    folder = tmp_path_factory.mktemp("trained")
    trainer.train(make_config(toy_data, folder), silent)
    return folder / "run"


@pytest.fixture
def photos(tmp_path) -> Path:
    """Returns a folder of three images in subfolders; image k is all 50 k."""
    folder = tmp_path / "photos"
    for k, name in enumerate(("a/0.png", "a/1.png", "b.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image = np.full([8, 8, 3], 50 * k, np.uint8)
        (folder / name).write_bytes(tf.io.encode_png(image).numpy())
    return folder


def published(folder: Path, num_classes: int | None) -> str:
    """Saves a network without settings, as published checkpoints are."""
    model = Model("tiny", num_classes)
    held = {name: v.numpy() for name, v in model.variables_by_name.items()}
    return checkpoints.save(folder, 0, held)


class TestChoose:
    NAMES = ("Conv", "Pool", "Logits", "net/unit_1", "net/unit_2")

    @pytest.mark.parametrize(
        ("patterns", "chosen"),
        [
            (["Logits", "Conv"], ["Conv", "Logits"]),
            (["net/*"], ["net/unit_1", "net/unit_2"]),
            (["*o*", "Pool"], ["Conv", "Pool", "Logits"]),
            (["net/unit_[2-9]"], ["net/unit_2"]),
            (["*"], list(NAMES)),
        ],
    )
    def test_names_and_wildcards_in_network_order(self, patterns, chosen):
        assert features.choose_end_points(patterns, self.NAMES) == chosen

    @pytest.mark.parametrize("patterns", [["Conv", "Conv9"], ["conv"]])
    def test_what_matches_nothing_lists_the_names(self, patterns):
        with pytest.raises(errors.InputError) as caught:
            features.choose_end_points(patterns, self.NAMES)
        assert str(caught.value) == (
            f"no end point matches {patterns[-1]!r}; known: {', '.join(self.NAMES)}"
        )

    def test_nothing_chosen_lists_the_names(self):
        with pytest.raises(errors.InputError, match="some of: Conv, Pool, Logits"):
            features.choose_end_points([], self.NAMES)


def test_a_dataset(run, tmp_path):
    result = extracted(run, tmp_path / "f.npz", "*", batch_size=3)
    assert result.num_images == 7 and result.output == str(tmp_path / "f.npz")
    assert list(result.shapes.items()) == [
        ("Conv", (4, 4, 4)),
        ("Pool", (4,)),
        ("Logits", (3,)),
        ("Predictions", (3,)),
    ]
    with np.load(tmp_path / "f.npz") as file:
        assert {n: file[n].shape for n in result.shapes} == {
            n: (7, *shape) for n, shape in result.shapes.items()
        }
        assert sorted(file["label"]) == [0, 0, 0, 1, 1, 2, 2]
        assert sorted(file["filename"]) == [f"validation/{k}" for k in range(7)]
        np.testing.assert_allclose(
            file["Conv"].mean(axis=(1, 2)), file["Pool"], 1e-4, 1e-5
        )
        np.testing.assert_allclose(file["Predictions"].sum(axis=1), 1, rtol=1e-5)


@pytest.fixture(scope="module")
def run_with_batch_norm(toy_data, tmp_path_factory):
    """Returns the folder of a run; to read only."""
    config = make_config(toy_data, tmp_path_factory.mktemp("bn"), model="tiny_bn")
    trainer.train(config, silent)
    return Path(config.run.train_dir)


@pytest.mark.parametrize(
    "flags",
    [
        {"fold_batch_norm": False},
        pytest.param({"runtime": "openvino"}, marks=extras.marks("openvino")),
        pytest.param({"runtime": "litert"}, marks=extras.marks("litert")),
    ],
)
def test_any_way_to_run_it_gives_the_same(run_with_batch_norm, tmp_path, flags):
    extracted(run_with_batch_norm, tmp_path / "a.npz", "*")
    extracted(run_with_batch_norm, tmp_path / "b.npz", "*", batch_size=3, **flags)
    with np.load(tmp_path / "a.npz") as one, np.load(tmp_path / "b.npz") as other:
        assert one.files == other.files
        for name in ("Conv", "Pool", "Logits", "Predictions"):
            bound = 1e-4 * np.abs(one[name]).max()
            np.testing.assert_allclose(other[name], one[name], 0, bound)


@pytest.mark.parametrize("fold_batch_norm", [True, False])
def test_bfloat16_is_nearly_the_same(run_with_batch_norm, tmp_path, fold_batch_norm):
    flags = {"precision": "bfloat16", "fold_batch_norm": fold_batch_norm}
    extracted(run_with_batch_norm, tmp_path / "a.npz", "*")
    extracted(run_with_batch_norm, tmp_path / "b.npz", "*", **flags)
    with np.load(tmp_path / "a.npz") as one, np.load(tmp_path / "b.npz") as other:
        for name in ("Conv", "Pool", "Logits", "Predictions"):
            assert other[name].dtype == np.float32
            difference = np.abs(other[name] - one[name]).max()
            assert 0 < difference < 0.05 * np.abs(one[name]).max()


@pytest.mark.parametrize(
    "batch_size",
    [*(pytest.param(n, marks=pytest.mark.slow) for n in (1, 7)), 2, 100],
)
def test_any_batch_size_gives_the_same(run, tmp_path, batch_size):
    extracted(run, tmp_path / "a.npz", "Logits")
    extracted(run, tmp_path / "b.npz", "Logits", batch_size=batch_size)
    with np.load(tmp_path / "a.npz") as one, np.load(tmp_path / "b.npz") as other:
        np.testing.assert_allclose(one["Logits"], other["Logits"], 1e-4, 1e-5)
        np.testing.assert_array_equal(one["filename"], other["filename"])


def test_npz_and_tfrecord_hold_the_same(run, tmp_path):
    extracted(run, tmp_path / "f.npz", "Conv", "Logits")
    extracted(run, tmp_path / "f.tfrecord", "Conv", "Logits")
    records = tf.data.TFRecordDataset(str(tmp_path / "f.tfrecord"))
    examples = [
        tf.train.Example.FromString(record).features.feature
        for record in records.as_numpy_iterator()
    ]
    with np.load(tmp_path / "f.npz") as file:
        assert len(examples) == len(file["label"]) == 7
        for k, example in enumerate(examples):
            assert example["image/class/label"].int64_list.value == [file["label"][k]]
            text = example["image/class/text"].bytes_list.value[0].decode()
            assert text == file["class_name"][k] == CLASSES[file["label"][k]]
            name = example["image/filename"].bytes_list.value[0].decode()
            assert name == file["filename"][k]
            for end_point in ("Conv", "Logits"):
                value = np.array(example[end_point].float_list.value, np.float32)
                shape = example[f"{end_point}/shape"].int64_list.value
                np.testing.assert_array_equal(value.reshape(shape), file[end_point][k])


def test_npy_is_mapped_into_memory(run, tmp_path):
    extracted(run, tmp_path / "f.npz", "Conv")
    extracted(run, tmp_path / "f.npy", "Conv", batch_size=3)
    mapped = np.load(tmp_path / "f.npy", mmap_mode="r")
    with (
        np.load(tmp_path / "f.npz") as file,
        open(tmp_path / "f.npy.csv", newline="") as table,
    ):
        np.testing.assert_allclose(mapped, file["Conv"], 1e-4, 1e-5)
        rows = [*csv.DictReader(table)]
        assert [int(row["label"]) for row in rows] == file["label"].tolist()
        for column in ("filename", "class_name"):
            assert [row[column] for row in rows] == file[column].tolist()


@extras.needs("parquet")
def test_parquet_holds_the_same(run, tmp_path):
    from pyarrow import parquet

    extracted(run, tmp_path / "f.npz", "Conv", "Logits")
    extracted(run, tmp_path / "f.parquet", "Conv", "Logits", batch_size=3)
    table = parquet.read_table(tmp_path / "f.parquet")
    assert table.schema.field("Conv").metadata == {b"shape": b"4,4,4"}
    with np.load(tmp_path / "f.npz") as file:
        for column in ("filename", "label", "class_name"):
            assert table[column].to_pylist() == file[column].tolist()
        for column in ("Conv", "Logits"):
            values = np.array(table[column].to_pylist()).reshape(file[column].shape)
            np.testing.assert_allclose(values, file[column], 1e-4, 1e-5)


@pytest.mark.parametrize(
    "runtime",
    [
        None,
        pytest.param("openvino", marks=extras.marks("openvino")),
        pytest.param("litert", marks=extras.marks("litert")),
    ],
)
def test_pooled(run, tmp_path, runtime):
    flags = {} if runtime is None else {"runtime": runtime}
    extracted(run, tmp_path / "whole.npz", "Conv", "Logits")
    result = extracted(
        run, tmp_path / "f.npz", "Conv", "Logits", pool=True, batch_size=4, **flags
    )
    assert result.shapes == {"Conv": (4,), "Logits": (3,)}
    with np.load(tmp_path / "whole.npz") as one, np.load(tmp_path / "f.npz") as other:
        np.testing.assert_allclose(
            other["Conv"], one["Conv"].mean(axis=(1, 2)), 1e-4, 1e-5
        )
        np.testing.assert_allclose(other["Logits"], one["Logits"], 1e-4, 1e-5)


@pytest.mark.parametrize("batch_size", [2, 100])
def test_a_folder_of_images(run, tmp_path, photos, batch_size):
    result = extracted(
        run, tmp_path / "f.npz", "Logits", images=str(photos), batch_size=batch_size
    )
    assert result.num_images == 3
    model = Model("tiny", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(run))
    with np.load(tmp_path / "f.npz") as file:
        assert file["filename"].tolist() == [
            str(photos / name) for name in ("a/0.png", "a/1.png", "b.png")
        ]
        assert file["label"].tolist() == [-1, -1, -1]
        for k in range(3):
            image = tf.fill([1, 8, 8, 3], 50 * k / 127.5 - 1)
            np.testing.assert_allclose(
                file["Logits"][k], model(image)[0][0], 1e-4, 1e-5
            )


@pytest.mark.parametrize("num_classes", [7, 1001])
def test_the_classes_of_a_published_checkpoint_are_found(tmp_path, photos, num_classes):
    path = published(tmp_path / "old", num_classes)
    assert checkpoints.read_num_classes(path, "tiny") == num_classes
    result = extracted(
        path, tmp_path / "f.npz", "P*", "Logits", model="tiny", images=str(photos)
    )
    assert result.shapes == {
        "Pool": (4,),
        "Logits": (num_classes,),
        "Predictions": (num_classes,),
    }


def test_a_dataset_of_other_classes_than_the_checkpoints(tmp_path, toy_data):
    path = published(tmp_path / "old", 1001)
    flags = {"model": "tiny", "dataset_dir": toy_data}
    result = extracted(path, tmp_path / "f.npz", "Logits", **flags)
    assert result.shapes == {"Logits": (1001,)} and result.num_images == 7


def test_labels_are_the_classes_of_the_network(tmp_path):
    images = np.zeros([2, 8, 8, 3], np.uint8)
    names = tuple(f"class_{k}" for k in range(1000))
    splits = {"test": arrays.Split(images, np.array([0, 999]))}
    arrays.convert(arrays.ArrayDataset("net", names, splits), tmp_path / "data")
    flags = {"model": "tiny", "dataset_dir": str(tmp_path / "data")}
    path = published(tmp_path / "old", 1001)
    for given, expected in (({}, [1, 1000]), ({"labels_offset": 0}, [0, 999])):
        extracted(path, tmp_path / "f.npz", "Pool", **flags, **given)
        with np.load(tmp_path / "f.npz") as file:
            assert sorted(file["label"]) == expected


@pytest.mark.parametrize(
    ("classes", "labels", "said"),
    [
        (("blue", "red"), [2, 0], "other numbers its classes differently"),
        (("blue", "pink"), [0, 1], "labels are those of other, not the network's"),
    ],
)
def test_classes_keep_their_names(run, tmp_path, classes, labels, said):
    images = np.zeros([2, 8, 8, 3], np.uint8)
    splits = {"test": arrays.Split(images, np.arange(2))}
    arrays.convert(arrays.ArrayDataset("other", classes, splits), tmp_path / "data")
    lines = []
    flags = {"dataset_dir": str(tmp_path / "data")}
    extracted(run, tmp_path / "f.npz", "Pool", say=lines.append, **flags)
    assert any(line.startswith(said) for line in lines)
    with np.load(tmp_path / "f.npz") as file:
        assert sorted(zip(file["label"], file["class_name"], strict=True)) == sorted(
            zip(labels, classes, strict=True)
        )


def test_a_checkpoint_without_logits_gives_features(tmp_path, photos):
    path = published(tmp_path / "old", None)
    assert checkpoints.read_num_classes(path, "tiny") is None
    flags = {"model": "tiny", "images": str(photos)}
    result = extracted(path, tmp_path / "f.npz", "*", **flags)
    assert list(result.shapes) == ["Conv", "Pool"]
    message = refused(path, tmp_path / "f.npz", "Logits", **flags)
    assert message == "no end point matches 'Logits'; known: Conv, Pool"


def test_moving_averages(config, tmp_path):
    trainer.train(config(moving_average_decay=0.99), silent)
    for use in (True, False):
        result = extracted(
            tmp_path / "run", tmp_path / f"{use}.npz", "Pool", use_moving_averages=use
        )
        assert result.report.averaged is use
    with (
        np.load(tmp_path / "True.npz") as one,
        np.load(tmp_path / "False.npz") as other,
    ):
        assert np.any(one["Pool"] != other["Pool"])


def test_broken_images_are_left_out_and_listed(run, tmp_path, photos):
    extracted(run, tmp_path / "sound.npz", "Logits", images=str(photos))
    (photos / "a" / "0b.png").write_bytes((photos / "b.png").read_bytes()[:40])
    (photos / "gone.jpg").symlink_to("/nowhere.jpg")
    os.mkfifo(photos / "pipe.png")
    (photos / "folder.jpg").mkdir()
    flags = {"images": str(photos), "batch_size": 2}
    result = extracted(run, tmp_path / "f.npz", "Logits", **flags)
    assert result.num_images == 3
    assert [line.partition(": ")[0] for line in result.left_out] == [
        str(photos / name) for name in ("gone.jpg", "pipe.png", "a/0b.png")
    ]
    assert "the png image does not decode" in result.left_out[-1]
    with (
        np.load(tmp_path / "sound.npz") as one,
        np.load(tmp_path / "f.npz") as other,
    ):
        np.testing.assert_array_equal(one["filename"], other["filename"])
        np.testing.assert_allclose(one["Logits"], other["Logits"], 1e-4, 1e-5)


def test_an_image_of_too_many_pixels_is_left_out(run, tmp_path, photos):
    image = tf.zeros([9, 8, 3], tf.uint8)
    (photos / "large.png").write_bytes(tf.io.encode_png(image).numpy())
    flags = {"images": str(photos), "max_pixels": 64}
    result = extracted(run, tmp_path / "f.npz", "Logits", **flags)
    [line] = result.left_out
    assert (
        line
        == f"{photos}/large.png: it has 8 x 9 pixels, more than the 64 of --max_pixels"
    )


@pytest.mark.parametrize(
    ("trained", "given"), [(True, None), (False, None), (True, False)]
)
def test_photos_are_turned_as_in_training(config, tmp_path, trained, given):
    """The photo is black above and white below, and was held on its head."""
    trainer.train(config(upright=trained), silent)
    stored = np.repeat(np.uint8([0, 255]), 4)[:, None, None] * np.ones(
        [8, 8, 3], np.uint8
    )
    exif = Image.Exif()
    exif[0x0112] = 3
    (tmp_path / "photos").mkdir()
    Image.fromarray(stored).save(tmp_path / "photos" / "a.jpg", exif=exif, quality=100)
    Image.fromarray(stored[::-1]).save(tmp_path / "photos" / "b.jpg", quality=100)
    flags = {"images": str(tmp_path / "photos"), "upright": given}
    extracted(tmp_path / "run", tmp_path / "f.npz", "Conv", **flags)
    upright = trained if given is None else given
    with np.load(tmp_path / "f.npz") as file:
        assert np.allclose(*file["Conv"], atol=1e-2) == upright


@pytest.mark.usefixtures("ended_pipelines")
class TestBadInput:
    """One line, and no file."""

    @pytest.mark.parametrize(
        ("output", "end_points", "flags", "message"),
        [
            (
                "f.csv",
                ("*",),
                {},
                "must be a file that ends in .npz, .npy, .tfrecord or",
            ),
            ("f.npy", ("C*", "P*"), {}, "holds one array, and --end_points names 3: C"),
            ("f.npz", (), {}, "name --end_points, some of: Conv, Pool, Logits, Pred"),
            ("f.npz", ("Con",), {}, "no end point matches 'Con'; known: Conv, Pool,"),
            ("f.npz", ("*",), {"batch_size": 0}, "--batch_size=0 must be at least 1"),
            ("f.npz", ("*",), {"model": "tiny_bn"}, "is a checkpoint of tiny, says"),
            ("f.npz", ("*",), {"images": "/none"}, "/none"),
            (
                "f.npz",
                ("*",),
                {"images": "/none", "dataset_dir": "/none"},
                "--images and --dataset_dir both say which images",
            ),
            ("run/settings.json/f.npz", ("*",), {}, "cannot write --output="),
        ],
    )
    def test_settings_that_cannot_be_meant(
        self, run, tmp_path, output, end_points, flags, message
    ):
        assert message in refused(run, tmp_path / output, *end_points, **flags)
        assert not list(tmp_path.glob("*.npz"))

    @pytest.mark.parametrize(
        "suffix",
        [
            *("npz", "npy", "tfrecord"),
            pytest.param("parquet", marks=extras.marks("parquet")),
        ],
    )
    def test_a_record_that_does_not_decode_leaves_no_file(self, run, tmp_path, suffix):
        record = tfrecord.make_example(b"no image", "png", 0, 8, 8)
        write(tmp_path / "data_test.tfrecord", [record])
        (tmp_path / "labels.txt").write_text("0:red\n")
        output = tmp_path / "out" / f"f.{suffix}"
        message = refused(run, output, "Conv", dataset_dir=str(tmp_path))
        assert "data_test.tfrecord, record 0 (the first is 0): not an image" in message
        assert not list(output.parent.iterdir())

    @pytest.mark.parametrize(
        "suffix",
        [
            *("npz", "npy", "tfrecord"),
            pytest.param("parquet", marks=extras.marks("parquet")),
        ],
    )
    def test_a_full_disk_leaves_what_was_there(
        self, run, tmp_path, monkeypatch, suffix
    ):
        def fail(path: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        output = tmp_path / "out" / f"f.{suffix}"
        output.parent.mkdir()
        output.write_bytes(b"of before")
        monkeypatch.setattr(atomic_files, "sync", fail)
        message = refused(run, output, "Conv")
        assert message == f"cannot write --output={output}: No space left on device"
        assert [*output.parent.iterdir()] == [output]
        assert output.read_bytes() == b"of before"

    def test_a_file_that_was_there_stays(self, run, tmp_path, photos):
        for path in photos.rglob("*.png"):
            path.write_bytes(b"no image")
        output = tmp_path / "f.tfrecord"
        output.write_bytes(b"of before")
        message = refused(run, output, "*", images=str(photos))
        assert message == (
            f"none of the 3 images can be used, such as {photos}/a/0.png: not an image"
        )
        assert output.read_bytes() == b"of before"
