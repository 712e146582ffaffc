"""A word becomes a checkpoint: found, converted, described, and what goes with it."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

import slimnets
from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.nets import published
from slimnets.weights import rules
from slimnets.weights.published import cache, checkpoint, housekeeping, words
from slimnets.weights.torch.tables import TABLES
from tests.weights.conftest import CLASSES, NETWORK, SIZE
from tests.weights.torch import writing


@pytest.fixture(scope="module")
def archive(filled, tmp_path_factory):
    """The known network as TF-Slim's archives have theirs."""
    folder = tmp_path_factory.mktemp("archive")
    path = checkpoints.save(folder, 0, filled.values, keep=0)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for file in checkpoints.list_files(path):
            tar.add(file, f"./it.ckpt{file.name.removeprefix('model.ckpt-0')}")
    return content.getvalue()


@pytest.fixture
def catalogue(tmp_path, monkeypatch, mirror):
    """Writes a catalogue of weights of the known network; returns how."""
    path = tmp_path / "catalogue.json"
    monkeypatch.setenv(published.CATALOGUE, str(path))

    def write(**entries):
        facts = {
            name: {"url": mirror.url(f"/{name}.tgz"), "image_size": SIZE, **more}
            for name, more in entries.items()
        }
        path.write_text(json.dumps({NETWORK: facts}))

    return write


def error_of(model, filled):
    difference = model(filled.images)[0].numpy() - filled.logits
    return np.abs(difference).max() / np.abs(filled.logits).max()


def test_a_model_by_one_word(mirror, catalogue, archive, filled, capsys):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={"license": "mit", "top1": 12.34, "preprocessing": "vgg"})
    for word in ("ours", "imagenet"):
        model = slimnets.Model(NETWORK, weights=word)
        assert error_of(model, filled) < 1e-6
        assert (model.num_classes, model.image_size) == (CLASSES, SIZE)
        assert model.preprocessing == "vgg"
    said = capsys.readouterr().out
    assert said.count("downloading") == 1
    assert (
        f"ours: {NETWORK}, images of {SIZE}x{SIZE} by the recipe vgg, published top-1"
        f" 12.3 %, licence mit, from {mirror.url('/ours.tgz')}\n"
    ) in said


def test_what_lies_beside_the_checkpoint(mirror, catalogue, archive, home):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={"preprocessing": "standard(crop=0.9)", "classes": CLASSES})
    path = words.resolve("ours", None)  # one network alone has weights of that name
    assert Path(path).is_relative_to(home / "checkpoints" / NETWORK / "ours")
    settings = run_settings.read(path)
    assert settings.model == NETWORK
    assert settings.num_classes == CLASSES
    assert settings.preprocessing_name == "standard(crop=0.9)"
    assert cache.holds(path)


def test_a_url_with_a_network(mirror, archive, filled):
    mirror.files["/x.tgz"] = archive
    model = slimnets.Model(NETWORK, weights=mirror.url("/x.tgz"))
    assert error_of(model, filled) < 1e-6
    with pytest.raises(errors.InputError, match=r"name the network of http"):
        words.resolve(mirror.url("/x.tgz"), None)


@pytest.mark.slow
def test_a_file_of_another_library(mirror, tmp_path, monkeypatch):
    """PyTorch's: the builder gets the arguments that its logits need."""
    network = "mobilenet_v2_035"
    values = {
        name: variable.numpy()
        for name, variable in slimnets.Model(network, 4).variables_by_name.items()
    }
    [table] = [t for t in TABLES[network] if t.name == "torchvision"]
    tensors = {
        f"{layer.theirs}.{weight.theirs}": np.ascontiguousarray(array)
        for layer, arrays in rules.to_theirs(table.layers(), values)
        for weight, array in zip(layer.kind.weights, arrays, strict=True)
    }
    file = writing.save_zip(tmp_path / "it.pth", tensors)
    mirror.files["/torch.tgz"] = file.read_bytes()
    facts = {"url": mirror.url("/torch.tgz")}
    given = tmp_path / "catalogue.json"
    given.write_text(json.dumps({network: {"torchvision/X": facts}}))
    monkeypatch.setenv(published.CATALOGUE, str(given))
    path = words.resolve("torchvision", network)
    model = run_settings.read(path).model
    assert model == f"{network}(use_explicit_padding=True)"
    assert slimnets.Model(network, weights="torchvision/X").num_classes == 4


def test_a_path_that_is_there_wins(catalogue, tmp_path, monkeypatch):
    catalogue(ours={})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours").mkdir()
    lines = []
    assert words.resolve("ours", NETWORK, lines.append) == "ours"
    assert lines == [
        "ours is taken as the path that is there, not as published weights"
    ]


@pytest.mark.parametrize(
    ("word", "network", "says"),
    [
        ("imagenet", None, "name the network of the weights 'imagenet' with --model"),
        ("keras", None, "name the network of the weights 'keras' with --model"),
        (
            "imagenet",
            "lenet",
            "no weights 'imagenet' of lenet are published; it has",
        ),
        ("imagenet", "lenett", "unknown network 'lenett'; did you mean lenet"),
        (
            "imagnet",
            "lenet",
            "unknown checkpoint or weights 'imagnet'; did you mean ima",
        ),
        ("kers", "mobilenet_v1", "did you mean keras"),
        ("keras", "mobilenet_v1_025(x=1)", None),
        (
            "timm",
            "mobilenet_v1_025",
            "it has tf_slim/mobilenet_v1_0.25_224, tf_slim/",
        ),
    ],
)
def test_words_that_say_too_little(word, network, says):
    if says is None:
        assert words.find_weights(word, network)[0].name == "keras"
        return
    with pytest.raises(errors.InputError, match=says):
        words.resolve(word, network)


def test_what_is_no_word_is_left_to_others():
    assert words.resolve("runs/photos", NETWORK) == "runs/photos"
    assert words.find_weights("runs/photos", None) is None


def test_the_next_source_is_tried_and_said(mirror, catalogue, archive, filled):
    mirror.status["/gone.tgz"] = 403
    mirror.files["/copy.tgz"] = archive
    catalogue(gone={}, other={}, copy={"same_as": "gone"})
    lines = []
    path = words.resolve("gone", NETWORK, lines.append)
    assert "copy" in Path(path).parent.name
    assert lines[1] == (
        f"{mirror.url('/gone.tgz')} is not to be had: 403 Forbidden; taking"
        " copy instead"
    )
    with pytest.raises(errors.InputError, match=r"other\.tgz is not to be had: 404"):
        words.resolve("other", NETWORK)
    assert words.resolve("imagenet", NETWORK) == path


def test_without_network_what_is_here_is_taken(mirror, catalogue, archive):
    mirror.files["/copy.tgz"] = archive
    catalogue(copy={})
    path = words.resolve("imagenet", NETWORK)
    nowhere = {"url": "http://127.0.0.1:9/it.tgz"}
    catalogue(first=nowhere, second=nowhere, copy={})
    lines = []
    assert words.resolve("imagenet", NETWORK, lines.append) == path
    assert "taking copy instead" in lines[1]
    catalogue(first=nowhere, second=nowhere)
    lines.clear()
    with pytest.raises(errors.InputError, match=r"cannot reach 127\.0\.0\.1:9"):
        words.resolve("imagenet", NETWORK, lines.append)
    assert lines == ["downloading http://127.0.0.1:9/it.tgz"]


def test_a_web_page_is_no_weights(mirror, catalogue, archive):
    mirror.files["/ours.tgz"] = b"<!doctype html><p>not here"
    catalogue(ours={})
    with pytest.raises(errors.InputError, match="is a web page; it was removed"):
        words.resolve("ours", NETWORK)
    mirror.files["/ours.tgz"] = archive  # its hash is not held against the file
    assert checkpoints.find(words.resolve("ours", NETWORK))


def test_a_damaged_archive_does_not_stay(mirror, catalogue, archive, home):
    mirror.files["/ours.tgz"] = archive[: len(archive) // 2]
    catalogue(ours={})
    with pytest.raises(errors.InputError, match=r"unpacked: .*; it was removed"):
        words.resolve("ours", NETWORK)
    assert not list((home / "hashes").rglob("*.json"))
    mirror.files["/ours.tgz"] = archive
    assert checkpoints.find(words.resolve("ours", NETWORK))


def test_a_recipe_that_is_none(mirror, catalogue, archive, home):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={"preprocessing": "standrad(crop=0.9)"})
    with pytest.raises(errors.InputError, match="unknown preprocessing 'standrad"):
        words.resolve("ours", NETWORK)
    assert not list((home / "checkpoints").rglob("*.index"))


def test_other_weights_than_stated(mirror, catalogue, archive, home):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={"classes": 1001})
    with pytest.raises(errors.InputError, match="has 5 classes and should have 1001"):
        words.resolve("ours", NETWORK)
    assert not list((home / "checkpoints").rglob("*.index"))
    catalogue(ours={})
    with pytest.raises(errors.InputError, match="is of another network"):
        words.resolve(mirror.url("/ours.tgz"), "lenet")


def test_a_checkpoint_that_was_changed_is_made_anew(mirror, catalogue, archive, filled):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    path = words.resolve("ours", NETWORK)
    data = Path(f"{path}.data-00000-of-00001")
    whole = data.read_bytes()
    data.write_bytes(whole[:-4] + b"oops")
    right, [fault] = housekeeping.verify()
    assert right and fault == f"{data} was changed: remove it, and it is made anew"
    assert words.resolve("ours", NETWORK) == path
    assert data.read_bytes() == whole
    assert housekeeping.verify()[1] == []
    assert len(mirror.requests) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"url": "ftp://host/x"},
        {"url": "http://[::1/x"},
        {"url": "http://\ud800/x"},
        {"top1": 10**400},
        {"image_size": -3},
        {"classes": 0},
        {"sha256": "0" * 65},
        {"md5": "abc"},
    ],
)
def test_a_fact_that_cannot_be_true_is_one_line(catalogue, facts):
    catalogue(ours=facts)
    [(name, _)] = facts.items()
    with pytest.raises(errors.InputError, match=f"ours of {NETWORK} has {name}="):
        words.resolve("ours", NETWORK)


@pytest.mark.parametrize("name", ["", "\ud800", "a\nb"])
def test_a_name_that_is_none(catalogue, name):
    """An empty one would be the folder of all of the network's weights."""
    catalogue(**{name: {"url": "http://host/x"}})
    with pytest.raises(errors.InputError, match="is empty or cannot be shown"):
        words.resolve("imagenet", NETWORK)


def test_what_is_too_long_for_a_path(mirror, catalogue, archive):
    catalogue()
    long = f"/x.tgz?{'q' * 500}"
    mirror.files[long] = archive
    assert checkpoints.find(words.resolve(mirror.url(long), NETWORK))
    assert words.resolve("w" * 500, NETWORK) == "w" * 500
    with pytest.raises(errors.InputError, match="is no URL of a file"):
        words.resolve("http://[::1", NETWORK)


def test_a_cache_that_cannot_be_written_is_read(
    mirror, catalogue, archive, monkeypatch
):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    path = words.resolve("ours", NETWORK)
    monkeypatch.setattr(checkpoint.folder_lock, "lock", None)  # it would write
    assert words.resolve("ours", NETWORK) == path


@pytest.mark.parametrize("text", ["", "[]", '{"files": []}', "null"])
def test_cards_and_hashes_that_were_changed(mirror, catalogue, archive, home, text):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    path = words.resolve("ours", NETWORK)
    card = Path(path).parent / checkpoint.CARD
    noted = cache.locate_hashes(mirror.url("/ours.tgz"))
    card.write_text(text)
    noted.write_text(text)
    faults = housekeeping.verify()[1]
    assert faults == [f"{file} cannot be read: remove it" for file in (noted, card)]
    noted.unlink()
    assert words.resolve("ours", NETWORK) == path
    assert housekeeping.verify()[1] == []


def test_cleaning(mirror, catalogue, archive, home):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    path = words.resolve("ours", NETWORK)
    left = Path(path).parents[1] / "unfinished-ours"
    left.mkdir()
    assert housekeeping.clean() == f"{len(archive) / 1e6:,.1f} MB freed in {home}"
    assert not left.exists()
    assert words.resolve("ours", NETWORK) == path  # nothing is downloaded for it
    housekeeping.clean(everything=True)
    words.resolve("ours", NETWORK)
    assert len(mirror.requests) == 2
    assert checkpoint.read_card(Path(path).parent).sha256


def test_a_head_of_other_classes_and_gray_images(
    mirror, catalogue, archive, filled, capsys
):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    model = slimnets.Model(NETWORK, 9, weights="ours", channels=1)
    said = capsys.readouterr().out
    assert (
        "the weights are for 5 classes and the network has 9: its head,"
        " MobilenetV1/Logits, starts anew\n"
        "the three input channels of MobilenetV1/Conv2d_0/weights are summed to one\n"
    ) in said
    features = slimnets.Model(NETWORK, 0, weights="ours", channels=1)
    gray = filled.images[..., :1]
    wanted = filled.model(np.repeat(gray, 3, axis=-1))[1]["AvgPool_1a"]
    np.testing.assert_allclose(
        model(gray)[1]["AvgPool_1a"], wanted, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(features(gray)[0], wanted, rtol=1e-4, atol=1e-4)


def test_images_of_more_channels(mirror, catalogue, archive, filled):
    mirror.files["/ours.tgz"] = archive
    catalogue(ours={})
    model = slimnets.Model(NETWORK, weights="ours", channels=6)
    twice = np.concatenate([filled.images] * 2, axis=-1)
    assert (
        np.abs(model(twice)[0] - filled.logits).max()
        < 1e-4 * np.abs(filled.logits).max()
    )
