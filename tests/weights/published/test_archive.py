"""One checkpoint of an archive is unpacked, and nothing leaves the folder."""

import io
import tarfile

import pytest

from slimnets import errors
from slimnets.weights.published import archive

DATA = "data-00000-of-00001"


def pack(path, names, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name in names:
            content = name.encode()
            item = tarfile.TarInfo(name)
            item.size = len(content)
            tar.addfile(item, io.BytesIO(content))
    return path


def unpack(tmp_path, names, member="", mode="w:gz"):
    path = pack(tmp_path / "it.tgz", names, mode)
    folder = tmp_path / "out"
    folder.mkdir()
    found = archive.unpack_checkpoint(path, member, folder)
    assert found.parent == folder
    return found.name, sorted(p.name for p in folder.iterdir())


V2 = ["x.ckpt.index", "x.ckpt.data-00000-of-00001", "x.ckpt.meta"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
def test_the_only_checkpoint(tmp_path, mode):
    names = [f"./{name}" for name in [*V2, "x.tflite", "x_frozen.pb", "x_eval.pbtxt"]]
    assert unpack(tmp_path, names, mode=mode) == ("x.ckpt", sorted(V2))


def test_a_file_of_v1(tmp_path):
    assert unpack(tmp_path, ["inception_v1.ckpt"]) == (
        "inception_v1.ckpt",
        ["inception_v1.ckpt"],
    )


def test_the_member_that_is_named(tmp_path):
    others = ["y.ckpt.index", "y.ckpt.data-00000-of-00001"]
    assert unpack(tmp_path, [*others, *V2], "x.ckpt")[1] == sorted(V2)


def test_averaged_weights_come_first(tmp_path):
    names = [
        f"v3/{folder}/model-54.{end}"
        for folder in ("pristine", "ema")
        for end in ("index", "data-00000-of-00001")
    ]
    path = pack(tmp_path / "it.tgz", names)
    found = archive.unpack_checkpoint(path, "", tmp_path)
    assert found.with_name("model-54.index").read_text() == "v3/ema/model-54.index"


@pytest.mark.parametrize(
    ("names", "member", "says"),
    [
        (["a.ckpt", "b.ckpt"], "", "has no single checkpoint; it has a.ckpt, b.ckpt"),
        (["a.ckpt"], "b.ckpt", "has no checkpoint b.ckpt; it has a.ckpt"),
        (["a.pb"], "", "has no single checkpoint; it has none"),
    ],
)
def test_what_is_not_in_it(tmp_path, names, member, says):
    with pytest.raises(errors.InputError, match=says):
        unpack(tmp_path, names, member)


def test_no_path_leaves_the_folder(tmp_path):
    names = ["../../evil.ckpt.index", "/evil.ckpt.index", *V2]
    assert unpack(tmp_path, names, "x.ckpt")[1] == sorted(V2)
    (tmp_path / "out").rename(tmp_path / "before")
    name, files = unpack(tmp_path, ["../../evil.ckpt"])
    assert (name, files) == ("evil.ckpt", ["evil.ckpt"])


def test_links_are_not_followed(tmp_path):
    path = tmp_path / "it.tgz"
    with tarfile.open(path, "w:gz") as tar:
        link = tarfile.TarInfo("x.ckpt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(errors.InputError, match="it has none"):
        archive.unpack_checkpoint(path, "", tmp_path)


@pytest.mark.parametrize("cut", [10, 100])
def test_a_damaged_archive_is_one_line(tmp_path, cut):
    path = pack(tmp_path / "it.tgz", V2)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(errors.InputError, match=r"it\.tgz"):
        archive.unpack_checkpoint(path, "", tmp_path)


def test_an_archive_that_would_fill_the_disk(tmp_path):
    path = tmp_path / "it.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, size in (
            ("it.ckpt.index", 9),
            ("it.ckpt.data-00000-of-00001", 1 << 27),
        ):
            item = tarfile.TarInfo(name)
            item.size = size
            tar.addfile(item, io.BytesIO(bytes(size)))
    (tmp_path / "out").mkdir()
    with pytest.raises(archive.Damaged, match="would take 134 MB, which a file"):
        archive.unpack_checkpoint(path, "", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
