"""A folder of photos becomes TFRecords, split by content, byte for byte."""

import io
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import image_folder, metadata, record_faults, tfrecord
from slimnets.datasets.registry import get_dataset, list_splits


def records(output, split):
    """Returns {filename: parsed record} of one split."""
    parsed = {}
    for file in get_dataset(str(output), split).files:
        for serialized in tf.data.TFRecordDataset(file):
            example = tfrecord.parse_example(serialized)
            example = {key: value.numpy() for key, value in example.items()}
            parsed[example["filename"].decode()] = example
    return parsed


def bmp(image):
    """Encodes uint8 [height, width, 3] as BMP, which TensorFlow only decodes."""
    height, width, _ = image.shape
    rows = [row[:, ::-1].tobytes().ljust(-(-width * 3 // 4) * 4) for row in image[::-1]]
    size = 54 + sum(map(len, rows))
    header = io.BytesIO()
    header.write(b"BM" + np.array([size, 0, 54], "<u4").tobytes())
    header.write(np.array([40, width, height], "<u4").tobytes())
    header.write(np.array([1, 24], "<u2").tobytes() + bytes(24))
    return header.getvalue() + b"".join(rows)


def test_all_photos_are_stored_byte_for_byte(photo_folder, tmp_path):
    output = tmp_path / "out"
    report = image_folder.convert(
        photo_folder, output, "pets", validation_fraction=0.3, shards=2
    )
    stored = {**records(output, "train"), **records(output, "validation")}
    assert len(stored) == 50
    for filename, example in stored.items():
        assert example["encoded"] == (photo_folder / filename).read_bytes()
        assert example["label"] == ["cat", "dog"].index(filename[:3])
        assert example["format"] == (b"jpg" if example["label"] == 0 else b"png")
        assert (example["height"], example["width"]) == (12, 16)
    assert report.broken == []
    assert report.class_count == 2
    totals = {split: sum(counts.values()) for split, counts in report.counts.items()}
    for split, total in totals.items():
        dataset = get_dataset(str(output), split)
        assert (dataset.num_examples, len(dataset.files)) == (total, 2)
        assert dataset.class_names == ("cat", "dog")
        assert dataset.channels == 3
    assert sum(totals.values()) == 50
    assert 5 <= totals["validation"] <= 25


def test_split_follows_content_whatever_the_names_and_the_others(
    photo_folder, tmp_path
):
    image_folder.convert(photo_folder, tmp_path / "a", "pets", validation_fraction=0.3)
    held_out = {r["encoded"] for r in records(tmp_path / "a", "validation").values()}
    for path in list(photo_folder.glob("*/*")):
        path.rename(path.with_name(f"renamed_{path.name}"))
    for path in sorted((photo_folder / "dog").iterdir())[:8]:
        path.unlink()
    left = {path.read_bytes() for path in photo_folder.glob("*/*")}
    image_folder.convert(photo_folder, tmp_path / "b", "pets", validation_fraction=0.3)
    again = {r["encoded"] for r in records(tmp_path / "b", "validation").values()}
    assert again == held_out & left


def test_copies_of_one_photo_stay_on_one_side(photo_folder, tmp_path):
    for path in list(photo_folder.glob("*/*")):
        shutil.copy(path, path.with_name(f"copy_{path.name}"))
    output = tmp_path / "out"
    image_folder.convert(photo_folder, output, "pets", validation_fraction=0.4)
    train = {example["encoded"] for example in records(output, "train").values()}
    held_out = records(output, "validation").values()
    assert train.isdisjoint(example["encoded"] for example in held_out)
    assert len(records(output, "train")) + len(held_out) == 100


def test_conversion_is_repeatable_byte_for_byte(photo_folder, tmp_path):
    for name, workers in (("a", 1), ("b", 4)):
        image_folder.convert(photo_folder, tmp_path / name, "pets", workers=workers)
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert first == second


def test_shards_are_mixed_over_the_classes(photo_folder, tmp_path):
    image_folder.convert(
        photo_folder, tmp_path / "out", "pets", validation_fraction=0, shards=3
    )
    for file in get_dataset(str(tmp_path / "out"), "train").files:
        serialized = tf.data.TFRecordDataset(file)
        labels = {int(tfrecord.parse_example(record)["label"]) for record in serialized}
        assert labels == {0, 1}


@pytest.mark.parametrize(("fraction", "split"), [(0, "train"), (1, "validation")])
def test_everything_can_go_to_one_side(photo_folder, tmp_path, fraction, split):
    image_folder.convert(
        photo_folder, tmp_path / "out", "pets", validation_fraction=fraction
    )
    assert list_splits(str(tmp_path / "out")) == [split]
    assert get_dataset(str(tmp_path / "out"), split).num_examples == 50


def test_split_folders_are_taken_as_they_are(photo_folder, tmp_path):
    images = tmp_path / "images"
    lasts = {"train": "012345", "validation": "67", "test": "89"}
    for split, last in lasts.items():
        for path in photo_folder.glob(f"*/*[{last}].*"):
            target = images / split / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    report = image_folder.convert(images, tmp_path / "out", "pets")
    assert report.counts == {
        "test": {"cat": 6, "dog": 4},
        "train": {"cat": 18, "dog": 12},
        "validation": {"cat": 6, "dog": 4},
    }
    for split, last in lasts.items():
        stored = records(tmp_path / "out", split)
        assert {name.split(".")[0][-1] for name in stored} == set(last)


def test_labels_file_makes_1001_classes(photo_folder, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("0:background\n218:cat\n570:dog\n1000:last\n")
    output = tmp_path / "out"
    image_folder.convert(photo_folder, output, "imagenet", labels=labels)
    assert get_dataset(str(output), "train").num_classes == 1001
    stored = {example["label"] for example in records(output, "train").values()}
    assert stored == {218, 570}


def test_broken_files_are_left_out_with_the_reason(photo_folder, photo, tmp_path):
    (photo_folder / "cat" / "cut.jpg").write_bytes(photo(900)[:-50])
    (photo_folder / "cat" / "empty.jpg").touch()
    (photo_folder / "dog" / "notes.txt").write_text("a note")
    (photo_folder / "dog" / ".hidden").write_text("ignored")
    report = image_folder.convert(photo_folder, tmp_path / "out", "pets")
    reasons = {path.name: reason for path, reason in report.broken}
    assert reasons.keys() == {"cut.jpg", "empty.jpg", "notes.txt"}
    assert "the jpeg image does not decode" in reasons["cut.jpg"]
    assert reasons["empty.jpg"] == "the file is empty"
    assert reasons["notes.txt"] == "not an image"
    train = get_dataset(str(tmp_path / "out"), "train")
    held_out = get_dataset(str(tmp_path / "out"), "validation")
    assert train.num_examples + held_out.num_examples == 50
    assert record_faults.find_fault(train.files, range(2)) is None


def test_suffix_does_not_matter_and_bmp_is_stored_as_png(photo_folder, photo, tmp_path):
    image = tf.io.decode_image(photo(901)).numpy()
    (photo_folder / "cat" / "bitmap.jpg").write_bytes(bmp(image))
    (photo_folder / "cat" / "really_png.jpg").write_bytes(photo(902, "png"))
    output = tmp_path / "out"
    image_folder.convert(photo_folder, output, "pets", validation_fraction=0)
    stored = records(output, "train")
    bitmap = stored["cat/bitmap.jpg"]
    assert bitmap["format"] == b"png"
    np.testing.assert_array_equal(tf.io.decode_png(bitmap["encoded"]), image)
    assert stored["cat/really_png.jpg"]["format"] == b"png"
    assert stored["cat/really_png.jpg"]["encoded"] == photo(902, "png")


def test_cmyk_jpeg_is_stored_as_rgb(photo_folder, tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = photo_folder / "cat" / "print.jpg"
    image.new("RGB", (16, 12), (200, 40, 90)).convert("CMYK").save(path, "JPEG")
    output = tmp_path / "out"
    image_folder.convert(photo_folder, output, "pets", validation_fraction=0)
    stored = records(output, "train")["cat/print.jpg"]
    assert stored["format"] == b"png"
    pixel = tf.io.decode_png(stored["encoded"])[6, 8].numpy().astype(int)
    assert abs(pixel - [200, 40, 90]).max() <= 4


def test_copies_in_two_splits_and_two_classes_are_counted(photo, tmp_path):
    photos = tmp_path / "photos"
    for file, seed in (
        ("train/cat/1.jpg", 1),
        ("train/cat/1_again.jpg", 1),
        ("train/dog/2.jpg", 2),
        ("val/cat/1.jpg", 1),
        ("val/cat/2.jpg", 2),
        ("val/dog/3.jpg", 3),
    ):
        (photos / file).parent.mkdir(parents=True, exist_ok=True)
        (photos / file).write_bytes(photo(seed))
    by_split, by_class = image_folder.convert(photos, tmp_path / "out", "pets").notes
    assert by_split.startswith("photos in more than one split: 2;")
    assert by_class == (
        "photos in more than one class: 1; not all of their labels can be right,"
        f" such as {photos}/train/dog/2.jpg and {photos}/val/cat/2.jpg"
    )


def test_names_that_are_no_utf_8_are_kept(photo, tmp_path):
    photos, output = tmp_path / "photos", tmp_path / "out"
    for folder in (b"caf\xe9", b"tee"):
        path = os.path.join(os.fsencode(photos), folder)
        os.makedirs(path)
        for seed in range(4):
            with open(os.path.join(path, b"\xfc%d.jpg" % seed), "wb") as file:
                file.write(photo(seed + 10 * len(folder)))
    report = image_folder.convert(photos, output, "drinks", validation_fraction=0)
    dataset = get_dataset(str(output), "train")
    assert dataset.class_names == (os.fsdecode(b"caf\xe9"), "tee")
    assert metadata.read_labels(output / "labels.txt") == dataset.class_names
    assert (output / "labels.txt").read_bytes() == b"0:caf\xe9\n1:tee\n"
    assert "caf\\udce9" in report.summary()
    [first, *_] = tf.data.TFRecordDataset(dataset.files[0])
    assert (
        tfrecord.parse_example(first)["filename"].numpy().startswith((b"caf", b"tee"))
    )


def test_links_to_nothing_and_pipes_are_left_out_with_the_reason(
    photo_folder, tmp_path
):
    (photo_folder / "cat" / "gone.jpg").symlink_to("/nowhere/x.jpg")
    os.mkfifo(photo_folder / "dog" / "pipe.jpg")
    report = image_folder.convert(photo_folder, tmp_path / "out", "pets")
    reasons = {path.name: reason for path, reason in report.broken}
    assert reasons.keys() == {"gone.jpg", "pipe.jpg"}
    assert "a link to /nowhere/x.jpg" in reasons["gone.jpg"]
    assert "a pipe" in reasons["pipe.jpg"]


def test_a_photo_held_sideways_is_stored_as_it_is_to_be_seen(photo_folder, tmp_path):
    image = pytest.importorskip("PIL.Image")
    note = image.Exif()
    note[0x0112] = 6
    path = photo_folder / "cat" / "sideways.jpg"
    image.new("RGB", (16, 12), (200, 40, 90)).save(path, "JPEG", exif=note)
    for name, upright in (("as_seen", True), ("as_it_is", False)):
        image_folder.convert(
            photo_folder, tmp_path / name, "p", validation_fraction=0, upright=upright
        )
    stored = records(tmp_path / "as_seen", "train")["cat/sideways.jpg"]
    assert (stored["format"], stored["height"], stored["width"]) == (b"png", 16, 12)
    assert tf.io.decode_png(stored["encoded"]).shape == (16, 12, 3)
    untouched = records(tmp_path / "as_it_is", "train")["cat/sideways.jpg"]
    assert untouched["encoded"] == path.read_bytes()
    assert (untouched["height"], untouched["width"]) == (12, 16)


def test_16_bits_of_which_few_are_used_are_said(photo_folder, tmp_path):
    for name, brightest in (("dark", 4095), ("bright", 65535)):
        values = np.linspace(0, brightest, 192).reshape(12, 16, 1).astype(np.uint16)
        path = photo_folder / "cat" / f"{name}.png"
        path.write_bytes(tf.io.encode_png(values).numpy())
    [note] = image_folder.convert(photo_folder, tmp_path / "out", "pets").notes
    assert note.startswith("photos of 16 bits that use few of them: 1;")
    assert f"{photo_folder}/cat/dark.png, whose brightest pixel is 15 of 255" in note


def test_class_of_broken_photos_only_is_an_input_error(photo_folder, tmp_path):
    (photo_folder / "fish").mkdir()
    (photo_folder / "fish" / "a.jpg").write_text("not a fish")
    with pytest.raises(errors.InputError, match=r"'fish' can be used; .*a.jpg: not an"):
        image_folder.convert(photo_folder, tmp_path / "out", "pets")
    assert not list((tmp_path / "out").iterdir())


def test_too_few_photos_for_a_held_out_share_is_an_input_error(photo, tmp_path):
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "1.jpg").write_bytes(photo(1))
    with pytest.raises(errors.InputError, match="no photo fell into 'validation'"):
        image_folder.convert(
            tmp_path / "photos", tmp_path / "out", "pets", validation_fraction=1e-9
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation_fraction": -0.1}, "from 0 to 1"),
        ({"validation_fraction": 1.5}, "from 0 to 1"),
        ({"validation_fraction": float("nan")}, "from 0 to 1"),
        ({"shards": 0}, "from 1 to 99999"),
        ({"workers": 0}, "workers is 0; it has to be at least 1"),
        ({"name": "a/b"}, "cannot begin a file's name"),
        ({"name": ""}, "cannot begin a file's name"),
    ],
)
def test_wrong_arguments_are_input_errors(photo_folder, tmp_path, arguments, message):
    arguments = {"name": "pets", **arguments}
    with pytest.raises(errors.InputError, match=message):
        image_folder.convert(photo_folder, tmp_path / "out", **arguments)


def test_wrong_folders_are_input_errors(photo_folder, tmp_path):
    with pytest.raises(errors.InputError, match="no folder"):
        image_folder.convert(tmp_path / "absent", tmp_path / "out", "pets")
    with pytest.raises(errors.InputError, match="lies inside the images"):
        image_folder.convert(photo_folder, photo_folder / "out", "pets")


def test_photo_that_vanishes_meanwhile_is_an_input_error(
    photo_folder, tmp_path, monkeypatch
):
    split = image_folder._split

    def split_late(*arguments):
        (photo_folder / "cat" / "7.jpeg").unlink()
        return split(*arguments)

    monkeypatch.setattr(image_folder, "_split", split_late)
    with pytest.raises(errors.InputError, match=r"vanished .* cat/7.jpeg|cat/7.jpeg"):
        image_folder.convert(photo_folder, tmp_path / "out", "pets")
    assert not list((tmp_path / "out").iterdir())
