"""Training sees each example once an epoch, evaluation once; bad data is named."""

import functools
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from slimnets import errors, random_numbers
from slimnets.datasets import failures, image_folder, images, pipeline, tfrecord
from slimnets.datasets.batching import Division
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.in_flight import BadRecords, InFlight
from slimnets.datasets.record_order import Order
from slimnets.datasets.registry import Dataset, get_dataset
from slimnets.preprocessing.encoded import Encoded, cut_part, read_size
from tests.datasets.records import damage, write

slow = functools.partial(pytest.param, marks=pytest.mark.slow)


def plain(image: tf.Tensor) -> tf.Tensor:
    """Preprocesses by nothing but a static shape; image k stays all k."""
    return tf.ensure_shape(tf.cast(image, tf.float32), [4, 4, 1])


def shift(image: tf.Tensor) -> tf.Tensor:
    """Adds noise below 1, so that the index can still be read off."""
    return plain(image) + random_numbers.uniform([4, 4, 1], high=0.9)


# Preprocessed at once, the last examples of an epoch may change places with the first
# of the next.
in_order = functools.partial(pipeline.train_batches, num_parallel_calls=1)


def indices(batches: tf.data.Dataset, examples: int, batch_size: int = 1) -> list[int]:
    """Returns the image indices of the first `examples` examples."""
    taken = batches.take(examples // batch_size)
    return [int(value) for image, _ in taken for value in image[:, 0, 0, 0]]


def record_file(path: Path, encoded: bytes, labels: list[int]) -> Dataset:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for label in labels:
            writer.write(tfrecord.make_example(encoded, "png", label, 4, 4))
    return Dataset("toy", "train", (str(path),), (len(labels),), ("a", "b", "c"), 1)


GRAY = tf.io.encode_png(np.zeros((4, 4, 1), np.uint8)).numpy()


def test_training_batch_has_static_shape_and_matching_labels(numbered):
    batches = pipeline.train_batches(numbered(10), plain, 4)
    image, label = next(iter(batches))
    assert batches.element_spec == (
        tf.TensorSpec([4, 4, 4, 1], tf.float32),
        tf.TensorSpec([4], tf.int64),
    )
    np.testing.assert_array_equal(label, image[:, 0, 0, 0].numpy() % 3)


@pytest.mark.parametrize("replicas", [slow(1), 2])
def test_stacked_batches_are_those_one_by_one(numbered, replicas):
    dataset = numbered(30)
    one_by_one = list(
        pipeline.train_batches(dataset, shift, 2, order=Order(1)).take(12)
    )
    stacks = pipeline.train_batches(
        dataset, shift, 2, order=Order(1), division=Division(3, replicas)
    )
    assert stacks.element_spec[0].shape == [3, 2, 4, 4, 1]
    # Replica r of R takes the batches r, r + R, ... and the stacks r, r + R, ...
    for number, stack in enumerate(stacks.take(4)):
        turn, replica = divmod(number, replicas)
        for step in range(3):
            expected = one_by_one[(turn * 3 + step) * replicas + replica]
            for part, other in zip(stack, expected, strict=True):
                np.testing.assert_array_equal(part[step], other)


@pytest.mark.parametrize("shards", [slow(1), 3])
@pytest.mark.parametrize("seed", [None, 7])
def test_each_epoch_sees_every_example_once_in_a_new_order(numbered, shards, seed):
    batches = in_order(numbered(20, shards), plain, 1, order=Order(seed))
    epochs = np.reshape(indices(batches, 60), [3, 20])
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_batches_run_over_the_end_of_an_epoch(numbered):
    batches = in_order(numbered(10), plain, 4)
    seen = indices(batches, 20, batch_size=4)
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))


def test_batch_may_exceed_the_dataset(numbered):
    image, _ = next(iter(pipeline.train_batches(numbered(3), plain, 8)))
    assert image.shape[0] == 8


def test_seed_repeats_order_and_augmentation(numbered):
    dataset = numbered(30, shards=3)

    def run(seed):
        batches = pipeline.train_batches(dataset, shift, 8, order=Order(seed)).take(6)
        return np.stack([image for image, _ in batches])

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


@pytest.mark.parametrize(
    ("files", "flags"),
    [slow(1, {}), (3, {}), slow(1, {"cache": True}), (1, {"shard": (1, 2)})],
)
def test_seed_goes_on_behind_what_was_taken(numbered, files, flags):
    dataset = numbered(15, files)
    _, workers = flags.get("shard", (0, 1))

    def run(taken):
        batches = pipeline.train_batches(
            dataset, shift, 1, order=Order(4, taken, **flags)
        )
        return np.stack([image for image, _ in batches.take((40 - taken) // workers)])

    whole = run(0)
    for taken in (12, 36):
        np.testing.assert_array_equal(whole[taken // workers :], run(taken))


@pytest.mark.parametrize("replicas", [slow(1), 2])
def test_seed_gives_workers_together_the_batches_of_one(numbered, replicas):
    dataset = numbered(30, 2)

    def run(batch_size, shard):
        batches = pipeline.train_batches(
            dataset,
            shift,
            batch_size,
            order=Order(4, shard=shard),
            division=Division(replicas=replicas),
        )
        images = [image for image, _ in batches.take(3 * replicas)]
        return np.reshape(images, [3, -1, 4, 4, 1])  # three steps

    one = run(8 // replicas, (0, 1))
    two = [run(4 // replicas, (index, 2)) for index in range(2)]
    np.testing.assert_array_equal(one, np.concatenate(two, axis=1))


def test_what_was_taken_is_not_decoded(numbered):
    decoded = []

    def count(image):
        tf.py_function(lambda: decoded.append(1), [], [])
        return plain(image)

    batches = pipeline.train_batches(numbered(200), count, 1, order=Order(4, taken=190))
    next(iter(batches.take(1)))
    assert 1 <= len(decoded) < 150


def test_neither_the_process_nor_another_seed_has_a_part_in_the_order(numbered):
    orders = []
    for seed, global_seed in ((1, 1), (1, 2), (2, 2)):
        tf.random.set_seed(global_seed)
        batches = pipeline.train_batches(numbered(30), plain, 1, order=Order(seed))
        orders.append(indices(batches, 30))
    assert orders[0] == orders[1] != orders[2]


def test_seed_gives_each_image_its_own_augmentation(numbered):
    image, _ = next(
        iter(pipeline.train_batches(numbered(10), shift, 10, order=Order(3)))
    )
    noise = image[:, 0, 0, 0].numpy() % 1
    assert len(set(noise.tolist())) == 10


# Two workers: two files are shared out whole, one and three are read by both.
@pytest.mark.parametrize(
    ("shards", "seed"), [(1, 5), (2, None), slow(2, 5), slow(3, None)]
)
def test_two_workers_together_see_each_example_once_an_epoch(numbered, shards, seed):
    dataset = numbered(20, shards)
    halves = [
        indices(in_order(dataset, plain, 1, order=Order(seed, shard=(index, 2))), 20)
        for index in range(2)
    ]
    for epoch in range(2):
        of_epoch = [half[10 * epoch :][:10] for half in halves]
        assert sorted(itertools.chain(*of_epoch)) == list(range(20))


@pytest.mark.parametrize("batch_size", [slow(1), 3, slow(7), 10, slow(16)])
@pytest.mark.parametrize("shards", [slow(1), 3])
def test_evaluation_sees_every_example_exactly_once(numbered, batch_size, shards):
    batches = pipeline.eval_batches(numbered(10, shards), plain, batch_size)
    seen = []
    for batch in batches:
        assert batch["image"].shape == (batch_size, 4, 4, 1)
        mask = batch["mask"].numpy().astype(bool)
        index = batch["image"][:, 0, 0, 0].numpy()
        np.testing.assert_array_equal(batch["label"][mask], index[mask] % 3)
        assert not batch["image"].numpy()[~mask].any()
        assert set(batch["filename"].numpy()[~mask]) <= {b""}
        assert batch["filename"].numpy()[mask].tolist() == [
            f"train/{int(k)}".encode() for k in index[mask]
        ]
        seen += index[mask].tolist()
    assert sorted(seen) == list(range(10))
    assert len(list(batches)) == -(-10 // batch_size)


def test_evaluation_order_is_the_files(numbered):
    def run():
        batches = pipeline.eval_batches(numbered(10, 2), plain, 4)
        return [name for batch in batches for name in batch["filename"].numpy()]

    assert run() == run()


@pytest.mark.parametrize("files", [slow(1), 3])
def test_workers_share_the_examples_of_an_evaluation(numbered, files):
    names = []
    for index in range(3):
        shard = (index, 3)
        batches = list(
            pipeline.eval_batches(numbered(10, files), plain, 2, shard=shard)
        )
        numbers = [n for b in batches for n in b["number"].numpy()[b["mask"] > 0]]
        assert numbers == list(range(index, 10, 3))
        names += [n for b in batches for n in b["filename"].numpy()[b["mask"] > 0]]
    assert len(set(names)) == 10


@pytest.mark.parametrize(("channels", "expected"), [(None, 1), slow(1, 1), (3, 3)])
def test_channels_are_as_asked(numbered, channels, expected):
    def preprocess(image):
        assert image.dtype == tf.uint8
        assert image.shape[-1] == expected
        return tf.ensure_shape(tf.cast(image, tf.float32), [4, 4, expected])

    batches = pipeline.eval_batches(
        numbered(3), preprocess, 3, decoding=Decoding(channels)
    )
    assert next(iter(batches))["image"].shape == (3, 4, 4, expected)


def test_labels_offset_is_subtracted(tmp_path):
    dataset = record_file(tmp_path / "x.tfrecord", GRAY, [1, 2, 2])
    [batch] = pipeline.eval_batches(dataset, plain, 3, labels_offset=1)
    assert batch["label"].numpy().tolist() == [0, 1, 1]
    _, label = next(iter(pipeline.train_batches(dataset, plain, 3, labels_offset=1)))
    assert sorted(label.numpy().tolist()) == [0, 1, 1]
    [batch] = pipeline.eval_batches(dataset, plain, 3, labels_offset=-1)
    assert batch["label"].numpy().tolist() == [2, 3, 3]


@pytest.mark.parametrize("shards", [slow(1), 3])
def test_a_cache_changes_nothing_but_where_records_come_from(numbered, shards):
    dataset = numbered(20, shards)
    batches = iter(in_order(dataset, plain, 1, order=Order(cache=True)))
    seen = []
    for step in range(60):
        seen.append(int(next(batches)[0][0, 0, 0, 0]))
        if step == 39:  # two epochs; later ones need no file
            for path in dataset.files:
                Path(path).unlink()
    epochs = np.reshape(seen, [3, 20])
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_data_service_makes_the_same_batches(numbered):
    dispatcher = tf.data.experimental.service.DispatchServer()
    worker = tf.data.experimental.service.WorkerServer(
        tf.data.experimental.service.WorkerConfig(
            dispatcher_address=dispatcher.target.removeprefix("grpc://")
        )
    )
    batches = in_order(numbered(20), plain, 4, service=dispatcher.target)
    seen = indices(batches, 40, 4)
    assert sorted(seen) == sorted([*range(20)] * 2)
    del worker


@pytest.mark.parametrize("address", ["grpc://127.0.0.1:1", "here"])
def test_a_data_service_that_is_not_there(numbered, address):
    with pytest.raises(errors.InputError, match=f"no tf.data service .* {address}: "):
        pipeline.train_batches(numbered(20), plain, 4, service=address)


DAMAGE = pytest.mark.parametrize(
    ("part", "lost"), [("data", [10]), ("length", [10, 11, 12])]
)


@pytest.fixture
def damaged(numbered):
    """Returns a maker of 20 records in three files; 6 to 12 are the second's.

    Made with the part to damage and the records then lost, it returns the dataset and
    the images that are left, in the order of the files.
    """

    def make(part: str, lost: list[int]) -> tuple[Dataset, list[int]]:
        dataset = numbered(20, 3)
        assert dataset.counts == (6, 7, 7)
        [batch] = pipeline.eval_batches(dataset, plain, 20)
        stored = batch["image"][:, 0, 0, 0].numpy().tolist()
        damage(Path(dataset.files[1]), lost[0] - 6, part)
        return dataset, [k for number, k in enumerate(stored) if number not in lost]

    return make


@DAMAGE
@pytest.mark.parametrize(
    "flags", [{"seed": 5}, slow({}), slow({"seed": 5, "cache": True})]
)
def test_training_goes_on_behind_a_damaged_record(damaged, part, lost, flags):
    dataset, sound = damaged(part, lost)
    in_flight = InFlight(dataset, range(3), 99)
    bad_records = BadRecords(in_flight, 9)
    batches = in_order(dataset, plain, 1, order=Order(**flags), bad_records=bad_records)
    epochs = np.reshape(indices(batches, 2 * len(sound)), [2, -1])
    assert [sorted(epoch) for epoch in epochs] == [sorted(sound)] * 2
    lines = in_flight.find_faults()
    assert [line.partition(":")[0] for line in lines] == [
        f"{dataset.files[1]}, record {k - 6} (the first is 0)" for k in lost
    ]
    for line in lines[1:]:
        assert line.endswith("lost behind record 4, whose length is damaged")


def test_a_damaged_record_changes_no_others_place(numbered):
    dataset = numbered(20, 3)

    def run(taken: int) -> list[int]:
        bad_records = BadRecords(InFlight(dataset, range(3), 99), 9)
        order = Order(5, taken)
        batches = in_order(dataset, plain, 1, order=order, bad_records=bad_records)
        return indices(batches, 19)

    before = run(0)
    damage(Path(dataset.files[1]), 3, "data")
    after = run(0)
    [lost] = {*before} - {*after[:18]}
    left = [k for k in before if k != lost]
    assert after[: len(left)] == left
    assert run(6)[:8] == left[6 - (lost in before[:6]) :][:8]


@DAMAGE
@pytest.mark.parametrize("shards", [slow(1), 2])
def test_evaluation_goes_on_behind_a_damaged_record(damaged, part, lost, shards):
    dataset, sound = damaged(part, lost)
    came = {}
    for index in range(shards):
        for batch in pipeline.eval_batches(
            dataset, plain, 4, shard=(index, shards), skip_broken=True
        ):
            mask = batch["mask"].numpy() > 0
            images = batch["image"].numpy()[mask][:, 0, 0, 0].tolist()
            came |= dict(
                zip(batch["number"].numpy()[mask].tolist(), images, strict=True)
            )
    assert sorted(came) == sorted({*range(20)} - {*lost})
    assert [came[number] for number in sorted(came)] == sound


@pytest.mark.usefixtures("ended_pipelines")
@pytest.mark.parametrize(
    ("label", "offset"), [(3, 0), (-1, 0), (0, 1), (3, 1), (-1, -1)]
)
def test_label_out_of_range_is_named(tmp_path, label, offset):
    dataset = record_file(tmp_path / "x.tfrecord", GRAY, [1, 2, label, 1])
    for batches in (
        pipeline.eval_batches(dataset, plain, 2, labels_offset=offset),
        pipeline.train_batches(dataset, plain, 2, labels_offset=offset).take(4),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="label") as raised:
            list(batches)
        error = failures.describe(raised.value, dataset, offset)
        assert isinstance(error, errors.InputError)
        assert f"x.tfrecord, record 2 (the first is 0): label {label} is" in str(error)


def test_image_that_does_not_decode_is_named(tmp_path):
    dataset = record_file(tmp_path / "x.tfrecord", GRAY[:-20], [1])
    with pytest.raises(tf.errors.OpError) as raised:
        list(pipeline.eval_batches(dataset, plain, 2))
    message = str(failures.describe(raised.value, dataset))
    assert "x.tfrecord, record 0 (the first is 0): the png image does not" in message


def test_file_cut_off_or_gone_meanwhile_is_named(tmp_path):
    path = tmp_path / "x.tfrecord"
    dataset = record_file(path, GRAY, [1, 2])
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(tf.errors.OpError) as raised:
        list(pipeline.eval_batches(dataset, plain, 2))
    message = str(failures.describe(raised.value, dataset))
    assert "x.tfrecord is cut off in record 1" in message
    path.unlink()
    message = str(failures.describe(raised.value, dataset))
    assert message.endswith("x.tfrecord does not exist")


def test_failure_that_is_not_the_datas_is_passed_on(tmp_path):
    dataset = record_file(tmp_path / "x.tfrecord", GRAY, [1])
    error = tf.errors.InvalidArgumentError(None, None, "crop too large\nmore")
    message = str(failures.describe(error, dataset))
    assert message.endswith("failed: crop too large")


@pytest.mark.parametrize("channels", [1, 3])
def test_image_files_come_in_order_with_their_paths(tmp_path, channels):
    for k in range(5):
        encode = tf.io.encode_jpeg if k % 2 else tf.io.encode_png
        pixels = np.full((6, 5, 3), 40 * k, np.uint8)
        path = tmp_path / f"{k}.{'jpg' if k % 2 else 'png'}"
        path.write_bytes(encode(pixels).numpy())
    paths = [str(file.path) for file in images.find_images(tmp_path)]

    def preprocess(image):
        return tf.ensure_shape(tf.cast(image, tf.float32), [6, 5, channels])

    first, last = pipeline.image_batches(
        paths, preprocess, 3, decoding=Decoding(channels)
    )
    assert first["filename"].numpy().tolist() == [path.encode() for path in paths[:3]]
    assert first["label"].numpy().tolist() == [-1, -1, -1]
    assert last["mask"].numpy().tolist() == [1, 1, 0]
    assert last["image"].shape == (3, 6, 5, channels)
    np.testing.assert_allclose(last["image"][:, 0, 0, 0], [120, 160, 0], atol=2)


@pytest.mark.usefixtures("ended_pipelines")
def test_image_file_that_is_broken_is_named(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    for path, content in zip(paths, (GRAY, b"text", GRAY), strict=True):
        Path(path).write_bytes(content)
    with pytest.raises(tf.errors.OpError) as raised:
        list(pipeline.image_batches(paths, plain, 2, decoding=Decoding(1)))
    message = str(failures.describe_of_images(raised.value, paths))
    assert message == f"{paths[1]}: not an image"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 2, "labels_offset": 3}, "labels_offset is 3; .* from -1 to 2"),
        ({"batch_size": 2, "labels_offset": -2}, "labels_offset is -2"),
        ({"batch_size": 2, "order": Order(shard=(2, 2))}, "shard 2 of 2"),
        (
            {"batch_size": 2, "order": Order(shard=(0, 11))},
            "shard 0 of 11 of 10 examples",
        ),
    ],
)
def test_wrong_arguments_are_input_errors(numbered, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        pipeline.train_batches(numbered(10), plain, **arguments)


def test_converted_photos_go_all_the_way(photo_folder, tmp_path):
    image_folder.convert(photo_folder, tmp_path / "out", "pets")
    dataset = get_dataset(str(tmp_path / "out"), "train")

    def resize(image):
        return tf.image.resize(image, [8, 8]) / 255

    image, label = next(iter(pipeline.train_batches(dataset, resize, 16)))
    assert image.shape == (16, 8, 8, 3)
    assert 0 <= float(tf.reduce_min(image)) < float(tf.reduce_max(image)) <= 1
    assert set(label.numpy()) <= {0, 1}


_ROWS, _COLUMNS = np.mgrid[0:24, 0:40]
PICTURE = np.stack([_COLUMNS * 6, _ROWS * 10, _ROWS + _COLUMNS], -1).astype(np.uint8)


def make_files() -> list[bytes]:
    """Returns the picture as GIF and, where TensorFlow reads that, WebP, in kinds."""
    picture = Image.fromarray(PICTURE)
    second = {"save_all": True, "append_images": [ImageOps.invert(picture)]}
    kinds = [("GIF", "RGB", {}), ("GIF", "L", {}), ("GIF", "RGB", second)]
    if hasattr(tf.io, "decode_webp"):
        exact = {"lossless": True}
        kinds += [("WEBP", "RGB", exact), ("WEBP", "RGBA", exact), ("WEBP", "RGB", {})]
    files = []
    for kind, mode, options in kinds:
        file = io.BytesIO()
        picture.convert(mode).save(file, kind, **options)
        files.append(file.getvalue())
    return files


@pytest.mark.parametrize("channels", [1, 3])
def test_records_of_any_format_train_as_they_evaluate(tmp_path, channels):
    files = make_files()
    count = len(files)
    path = write(
        tmp_path / "x.tfrecord",
        [tfrecord.make_example(file, "", k, 24, 40) for k, file in enumerate(files)],
    )
    names = tuple(map(str, range(count)))
    dataset = Dataset("toy", "train", (str(path),), (count,), names, 3)

    def whole(image: tf.Tensor | Encoded) -> tf.Tensor:
        cut = cut_part(image, tf.constant([0, 0]), read_size(image))
        return tf.ensure_shape(tf.cast(cut, tf.float32), [24, 40, channels])

    [batch] = pipeline.eval_batches(dataset, whole, count, decoding=Decoding(channels))
    trained = next(
        iter(pipeline.train_batches(dataset, whole, count, decoding=Decoding(channels)))
    )
    for image, label in zip(*trained, strict=True):
        np.testing.assert_array_equal(image, batch["image"][int(label)])
    for k, file in enumerate(files):
        shown = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), np.float32)
        if channels == 1:
            shown = np.round(shown @ [0.2989, 0.587, 0.114])[..., np.newaxis]
        # Libraries round differently: what is lossy when it becomes RGB, and gray.
        bound = 2 if k == 5 or channels == 1 else 0
        np.testing.assert_allclose(batch["image"][k], shown, atol=bound)
