"""Networks of the user's own are found by a builder, a file, a module, or a name."""

import sys
from pathlib import Path

import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim
from slimnets.nets import own, registry

SOURCE = """
import slimnets
from slimnets import slim
import sizes


def flat(images, num_classes, is_training=False):
    return slim.fully_connected(slim.flatten(images), num_classes), {}


def flat_arg_scope(weight_decay):
    raise ValueError("of the arg scope")


flat.default_image_size = sizes.SIZE
row = slimnets.Network("flat_row", flat, image_size=6)
vgg_a = flat  # a name that the library has, too
number = 3
"""


def flat(images, num_classes, is_training=False):
    return slim.fully_connected(slim.flatten(images), num_classes), {}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Returns a folder with networks of one's own, as the one that programs run in."""
    (tmp_path / "flats.py").write_text(SOURCE)
    (tmp_path / "sizes.py").write_text("SIZE = 5\n")
    (tmp_path / "flatpack").mkdir()
    (tmp_path / "flatpack" / "__init__.py").write_text(
        "import slimnets\nfrom flatpack.inner import flat\n"
        "slimnets.register(slimnets.Network('flat_registered', flat, image_size=7))\n"
    )
    (tmp_path / "flatpack" / "inner.py").write_text(SOURCE)
    monkeypatch.setattr(registry, "NETWORKS", dict(registry.NETWORKS))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("words", "name", "size"),
    [
        ("flats.py:flat", "flat", 5),
        ("./flats.py:row", "flat_row", 6),
        ("flats:flat", "flat", 5),
        ("flatpack.inner:row", "flat_row", 6),
        ("flatpack:flat_registered", "flat_registered", 7),
        ("flatpack:lenet", "lenet", 28),
        ("flats:vgg_a", "vgg_a", 5),
        ("slimnets.nets.cifarnet:cifarnet", "cifarnet", 32),
    ],
)
def test_words_lead_to_a_network(folder, words, name, size):
    row = registry.get_row(words)
    assert (row.name, row.image_size) == (name, size)
    assert registry.get_row(words).builder is row.builder  # imported once


@pytest.mark.parametrize("name", slimnets.list_networks(kind="classifier"))
def test_a_builder_of_the_librarys_has_its_row(name):
    builder = getattr(slimnets, name)
    assert registry.get_row(builder) is registry.get_row(name)


def test_a_builder_is_a_row_with_defaults():
    row = registry.get_row(flat)
    assert (row.name, row.image_size, row.channels) == ("flat", 224, 3)
    assert own.is_own(row) and not own.is_own(registry.get_row("lenet"))


@pytest.mark.parametrize(
    ("words", "folder_of_module"),
    [("flats:flat", "."), ("flatpack.inner:flat", "."), ("flats.py:flat", None)],
)
def test_a_module_is_found_again_from_another_folder(folder, words, folder_of_module):
    reference = own.parse(words)
    found = own.find_folder(reference)
    assert found == (folder_of_module and str(folder))
    assert (str(reference) == words) is not reference.is_file
    if reference.is_file:
        assert reference.module == str(folder / "flats.py")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("flats.py:flaat", r"network in \S*/flats.py 'flaat'; did you mean flat"),
        ("flats.py:number", r"unknown network in .* 'number'"),
        ("flats.py", r"which network of flats.py\? Give flats.py:NAME"),
        ("none.py:flat", r"no file /\S*/none.py; .* --model=FOLDER/none.py:NAME"),
        ("nowhere.inner:flat", r"there is no module 'nowhere.inner' in /"),
        ("flatpack.nowhere:flat", r"there is no module 'flatpack.nowhere' in /"),
        ("flat_row", r"unknown network 'flat_row'.*; one of your own is FILE.py:NAME"),
    ],
)
def test_what_is_not_there_is_said(folder, words, said):
    with pytest.raises(errors.InputError, match=said):
        registry.get_row(words)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 +", r"broken\S* cannot be imported: SyntaxError: .*line 1"),
        ("import nowhere", r"ModuleNotFoundError: .*'nowhere' \(\S+broken.py, line 1"),
        ("\n\nraise OSError('mine')", r"OSError: mine \(\S+broken.py, line 3\)"),
    ],
)
@pytest.mark.parametrize("words", ["broken.py:flat", "broken:flat"])
def test_a_module_at_fault_is_named_with_the_line(folder, source, said, words):
    (folder / "broken.py").write_text(source)
    for _ in range(2):  # it is not taken for imported
        with pytest.raises(errors.InputError, match=said):
            registry.get_row(words)


def test_the_arg_scope_beside_a_builder_is_its_own(folder):
    with pytest.raises(ValueError, match="of the arg scope"):
        registry.get_row("flats.py:flat").make_arg_scope(0.1)


def count_regularizers(**options) -> int:
    model = slimnets.Model(flat, 3, image_size=4, **options)
    return int(model.regularization_loss() > 0)


def test_weights_decay_unless_an_arg_scope_says_otherwise():
    with slim.arg_scope(
        [slim.fully_connected], weights_regularizer=slim.l2_regularizer(1.0)
    ) as made:
        pass
    assert count_regularizers(weight_decay=0.1) == 1
    assert count_regularizers(weight_decay=0.0) == 0
    assert count_regularizers(weight_decay=0.1, arg_scope={}) == 0
    assert count_regularizers(arg_scope=made) == 1
    assert count_regularizers(arg_scope=lambda: made) == 1
    assert count_regularizers(arg_scope=own.regularize_weights) == 0


def test_a_builder_that_forgets_the_mode_is_in_it():
    def forgetful(images, num_classes, is_training):
        net = slim.batch_norm(slim.flatten(images), scope="bn")
        return slim.fully_connected(net, num_classes), {}

    def stubborn(images, num_classes, is_training):
        with slim.arg_scope([slim.batch_norm], is_training=False):
            return forgetful(images, num_classes, is_training)

    images = tf.ones([2, 4, 4, 3])

    def moves(builder, **options) -> bool:
        model = slimnets.Model(builder, 3, image_size=4, **options)
        moving = model.variables_by_name["bn/moving_mean"]
        before = moving.numpy()
        model(images, is_training=False)
        assert (moving.numpy() == before).all()
        model(images, is_training=True)
        return bool((moving.numpy() != before).all())

    assert moves(forgetful)
    assert moves(forgetful, arg_scope=lambda weight_decay: {})
    assert not moves(stubborn)
