"""A tiny ImageNet in each of its layouts becomes the same records."""

import io
import shutil
import tarfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import io as scipy_io

from slimnets import errors
from slimnets.datasets import image_folder, imagenet_layout, tfrecord
from slimnets.datasets.registry import get_dataset

SYNSETS = ("n01440764", "n01443537", "n02102040")
# Numbers of the development kit, which are not in the synsets' order.
NUMBERS = {3: "n01440764", 1: "n01443537", 2: "n02102040", 4: "n09999999"}
TRUTH = (2, 3, 3, 1)


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def make_tar(files):
    """Returns a tar of files by name."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            add(archive, name, content)
    return made.getvalue()


def cmyk():
    noise = np.random.default_rng(9).integers(0, 256, (8, 8, 4)).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(noise, "CMYK").save(encoded, "JPEG")
    return encoded.getvalue()


@pytest.fixture
def files(photo):
    """Returns the files of each split: train's by synset, validation's by name."""
    train = {
        synset: {f"{synset}_{k}.JPEG": photo(10 * n + k) for k in range(4)}
        for n, synset in enumerate(SYNSETS)
    }
    train[SYNSETS[0]][f"{SYNSETS[0]}_7.JPEG"] = photo(77, "png")
    train[SYNSETS[1]][f"{SYNSETS[1]}_8.JPEG"] = cmyk()
    train[SYNSETS[1]][f"{SYNSETS[1]}_9.JPEG"] = b"\xff\xd8\xffbroken off"
    validation = {
        f"ILSVRC2012_val_{k:08d}.JPEG": photo(100 + k) for k in range(1, len(TRUTH) + 1)
    }
    return train, validation


@pytest.fixture
def kit():
    """Returns the development kit's files by name."""
    kinds = [("ILSVRC2012_ID", "f8"), ("WNID", "O"), ("words", "O")]
    rows = [(number, synset, "words") for number, synset in NUMBERS.items()]
    meta = io.BytesIO()
    scipy_io.savemat(meta, {"synsets": np.array(rows, kinds)[:, None]})
    return {
        "ILSVRC2012_validation_ground_truth.txt": "".join(
            f"{k}\n" for k in TRUTH
        ).encode(),
        "meta.mat": meta.getvalue(),
    }


@pytest.fixture
def as_downloaded(files, kit, tmp_path):
    """Returns a folder of the three tars."""
    train, validation = files
    folder = tmp_path / "downloaded"
    folder.mkdir()
    tars = {f"{synset}.tar": make_tar(of) for synset, of in train.items()}
    (folder / "ILSVRC2012_img_train.tar").write_bytes(make_tar(tars))
    (folder / "ILSVRC2012_img_val.tar").write_bytes(make_tar(validation))
    with tarfile.open(folder / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as archive:
        for name, content in kit.items():
            add(archive, f"ILSVRC2012_devkit_t12/data/{name}", content)
    return folder


def convert(folder, output, **options):
    """Returns the report, and the parsed records of each split by name."""
    report = image_folder.convert(
        folder, output, "imagenet", layout="imagenet", **options
    )
    found = {}
    for split in report.counts:
        dataset = get_dataset(str(output), split)
        for record in tfrecord.read_records(dataset.files).as_numpy_iterator():
            parsed = tfrecord.parse_example(record)
            found[parsed["filename"].numpy().decode()] = (split, record, parsed)
    return report, found


def test_tars_as_they_are_downloaded(as_downloaded, files, tmp_path):
    report, found = convert(as_downloaded, tmp_path / "out")
    train, validation = files
    assert sum(report.counts["train"].values()) == 14
    assert report.counts["validation"] == {SYNSETS[0]: 2, SYNSETS[1]: 1, SYNSETS[2]: 1}
    [broken] = report.list_broken()
    path, _, reason = broken.partition(": ")
    name = f"{SYNSETS[1]}/{SYNSETS[1]}_9.JPEG"
    assert path == f"{as_downloaded}/ILSVRC2012_img_train.tar/{name}"
    assert reason.startswith("the jpeg image does not decode")
    for synset, of in train.items():
        for name, content in of.items():
            if name in (f"{SYNSETS[1]}_8.JPEG", f"{SYNSETS[1]}_9.JPEG"):
                continue
            split, _, parsed = found[f"{synset}/{name}"]
            assert (split, parsed["encoded"].numpy()) == ("train", content)
            assert parsed["label"] == SYNSETS.index(synset) + 1
    for name, number in zip(validation, TRUTH, strict=True):
        _, _, parsed = found[name]
        assert parsed["label"] == SYNSETS.index(NUMBERS[number]) + 1
    _, _, png = found[f"{SYNSETS[0]}/{SYNSETS[0]}_7.JPEG"]
    assert png["format"] == b"png"
    _, _, cmyk_photo = found[f"{SYNSETS[1]}/{SYNSETS[1]}_8.JPEG"]
    np.testing.assert_array_equal(
        tf.io.decode_png(cmyk_photo["encoded"]), tf.io.decode_jpeg(cmyk(), 3)
    )
    dataset = get_dataset(str(tmp_path / "out"), "train")
    assert dataset.class_names == ("background", *SYNSETS)
    assert len(dataset.files) == 14  # of 1024 at most
    assert report.notes[0] == "all of ImageNet has 1,000 synsets, here are 3"


@pytest.mark.parametrize(
    "packed",
    [pytest.param(True, marks=pytest.mark.slow), False],
    ids=["tars", "folders"],
)
def test_unpacked_it_is_the_same(as_downloaded, files, packed, kit, tmp_path):
    _, expected = convert(as_downloaded, tmp_path / "a", shards=1)
    train, validation = files
    folder = tmp_path / "unpacked"
    (folder / "train").mkdir(parents=True)
    for synset, of in train.items():
        if packed:
            (folder / "train" / f"{synset}.tar").write_bytes(make_tar(of))
            continue
        (folder / "train" / synset).mkdir()
        for name, content in of.items():
            (folder / "train" / synset / name).write_bytes(content)
    (folder / "val").mkdir()
    for name, content in validation.items():
        (folder / "val" / name).write_bytes(content)
    for name, content in kit.items():
        (folder / name).write_bytes(content)
    _, found = convert(folder, tmp_path / "b", shards=1)
    assert {k: v[:2] for k, v in found.items()} == {
        k: v[:2] for k, v in expected.items()
    }


def test_validation_by_synset_and_the_names_of_a_list(files, tmp_path):
    _, validation = files
    folder = tmp_path / "names"
    for synset, (name, content) in zip(SYNSETS, validation.items(), strict=False):
        (folder / "val" / synset).mkdir(parents=True)
        (folder / "val" / synset / name).write_bytes(content)
    lines = ["n02102040 springer", "n01440764\ttench, Tinca tinca", "n01443537"]
    (folder / "synsets.txt").write_text("\n".join(lines))
    found = imagenet_layout.find(folder)
    names = ("springer", "tench, Tinca tinca", "n01443537")
    assert found.classes == ("background", *names)
    assert [photo.labels for photo in found.photos] == [(2,), (3,), (1,)]


def test_tf_slims_list_of_labels(files, as_downloaded):
    (as_downloaded / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    labels = [NUMBERS[number] for number in TRUTH]
    listed = as_downloaded / "imagenet_2012_validation_synset_labels.txt"
    listed.write_text("\n".join(labels))
    photos = imagenet_layout.find(as_downloaded).photos
    assert [photo.labels[0] for photo in photos if photo.split == "validation"] == [
        SYNSETS.index(synset) + 1 for synset in labels
    ]


class TestRefusals:
    """One line for what is missing or damaged."""

    def refused(self, folder, synsets=None):
        with pytest.raises(errors.InputError) as caught:
            imagenet_layout.find(folder, synsets)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_nothing(self, tmp_path):
        assert "holds no photos in any of ILSVRC2012_img_train.tar" in self.refused(
            tmp_path
        )

    def test_no_labels(self, as_downloaded):
        (as_downloaded / "ILSVRC2012_devkit_t12.tar.gz").unlink()
        assert "has neither ILSVRC2012_devkit_t12.tar.gz, nor" in self.refused(
            as_downloaded
        )

    def test_a_tar_that_is_cut_off(self, as_downloaded):
        path = as_downloaded / "ILSVRC2012_img_val.tar"
        path.write_bytes(path.read_bytes()[:700])
        line = self.refused(as_downloaded)
        assert "img_val.tar is no tar that is not compressed, or is damaged" in line

    def test_a_kit_of_something_else(self, as_downloaded):
        with tarfile.open(
            as_downloaded / "ILSVRC2012_devkit_t12.tar.gz", "w:gz"
        ) as kit:
            add(kit, "ILSVRC2012_devkit_t12/data/meta.mat", b"no file of MATLAB")
            name = "ILSVRC2012_validation_ground_truth.txt"
            add(kit, f"ILSVRC2012_devkit_t12/data/{name}", b"1\n")
        assert "meta.mat is not the one of ILSVRC2012_dev" in self.refused(
            as_downloaded
        )

    def test_too_few_labels(self, as_downloaded):
        listed = as_downloaded / "imagenet_2012_validation_synset_labels.txt"
        listed.write_text("n01440764")
        assert "is number 2, but there are labels of 1" in self.refused(as_downloaded)

    def test_a_train_photo_beside_the_folders(self, as_downloaded):
        (as_downloaded / "ILSVRC2012_img_train.tar").unlink()
        (as_downloaded / "train").mkdir()
        shutil.copy(as_downloaded / "ILSVRC2012_img_val.tar", as_downloaded / "train/x")
        assert "train/x lies in no folder or tar of a synset" in self.refused(
            as_downloaded
        )

    def test_synsets_that_are_none(self, as_downloaded, tmp_path):
        (tmp_path / "few.txt").write_text("n01440764\n1 tench\n")
        assert (
            "few.txt, line 2: '1 tench' does not begin with a synset"
            in self.refused(as_downloaded, tmp_path / "few.txt")
        )
        (tmp_path / "few.txt").write_text("n01440764\n")
        assert "unknown synset of" in self.refused(as_downloaded, tmp_path / "few.txt")
