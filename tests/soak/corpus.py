"""Tiny valid files of every kind that slimnets reads."""

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path

import flatbuffers
import h5py
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.lite.python import schema_py_generated as schema

from slimnets import checkpoints
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import metadata, tfrecord
from tests.weights.torch import writing

v1 = tf.compat.v1

_TENSORS = {
    "conv1.weight": np.ones([2, 3, 2, 2], np.float32),
    "bn1.running_mean": np.ones(4, np.float16),
    "bn1.num_batches_tracked": np.array(7),
}


def make_torch(folder: Path) -> list[bytes]:
    """Returns files of PyTorch's in its three forms."""
    writers = (writing.save_zip, writing.save_legacy, writing.save_safetensors)
    return [write(folder / "it", _TENSORS).read_bytes() for write in writers]


def make_torch_pickle(folder: Path) -> list[bytes]:
    """Returns what lies inside a PyTorch file."""
    held = {"epoch": 3, "state_dict": {"w": [1, (2.0, "x")]}, "lr": np.float64(0.5)}
    return [
        writing.state_dict(_TENSORS, legacy=False),
        *(pickle.dumps(held, protocol) for protocol in (0, 2, 5)),
    ]


def make_hdf5(folder: Path) -> list[bytes]:
    """Returns Keras' files, of Keras 3 and of before."""
    new, old = io.BytesIO(), io.BytesIO()
    with h5py.File(new, "w") as file:
        variables = file.create_group("layers/conv2d/vars")
        variables.attrs["name"] = "conv1_conv"
        variables["0"] = np.ones([1, 1, 3, 2], np.float32)
        variables.create_dataset("1", data=np.ones(2, np.float32), chunks=(2,))
    with h5py.File(old, "w") as file:
        file.attrs["layer_names"] = [b"fc"]
        file.create_group("fc").attrs["weight_names"] = [b"fc/kernel:0"]
        file["fc/fc/kernel:0"] = np.ones([2, 2], np.float32)
    return [new.getvalue(), old.getvalue()]


def make_keras(folder: Path) -> list[bytes]:
    """Returns a .keras archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", make_hdf5(folder)[0])
    return [content.getvalue()]


def make_tflite(folder: Path) -> list[bytes]:
    """Returns a .tflite file with one convolution of int8 weights."""
    kernel, output, images = (schema.TensorT() for _ in range(3))
    images.shape, images.buffer, images.name = [1, 4, 4, 3], 0, b"images"
    kernel.shape, kernel.buffer, kernel.type = [2, 1, 1, 3], 1, schema.TensorType.INT8
    kernel.name, output.name = b"LeNet/conv1/weights", b"LeNet/conv1/Relu"
    output.shape, output.buffer = [1, 4, 4, 2], 0
    kernel.quantization = schema.QuantizationParametersT()
    kernel.quantization.scale, kernel.quantization.zeroPoint = [0.5], [0]
    weights = schema.BufferT()
    weights.data = list(range(6))
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    convolution = schema.OperatorT()
    convolution.inputs, convolution.outputs = [0, 1, -1], [2]
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [images, kernel, output], [convolution]
    graph.inputs, graph.outputs = [0], [2]
    model = schema.ModelT()
    model.version, model.operatorCodes = 3, [code]
    model.subgraphs, model.buffers = [graph], [schema.BufferT(), weights]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return [bytes(builder.Output())]


def _make_graph() -> v1.GraphDef:
    with tf.Graph().as_default() as graph:
        tf.identity(tf.constant(np.ones([2, 3], np.float32)), name="LeNet/conv1")
        tf.constant(1.0, shape=[5], name="LeNet/conv1/biases")
    return graph.as_graph_def()


def make_graph(folder: Path) -> list[bytes]:
    """Returns a frozen graph."""
    return [_make_graph().SerializeToString()]


def make_saved_model(folder: Path) -> list[bytes]:
    """Returns a SavedModel's graph."""
    model = saved_model_pb2.SavedModel()
    model.meta_graphs.add().graph_def.CopyFrom(_make_graph())
    return [model.SerializeToString()]


def _save(folder: Path) -> str:
    values = {f"net/{name}": np.ones(3, np.float32) for name in "abc"}
    return checkpoints.save(folder / "run", 1, values | {"global_step": np.int64(1)})


def make_index(folder: Path) -> list[bytes]:
    """Returns a checkpoint's index."""
    return [Path(f"{_save(folder)}.index").read_bytes()]


def make_data(folder: Path) -> list[bytes]:
    """Returns a checkpoint's data."""
    return [Path(f"{_save(folder)}.data-00000-of-00001").read_bytes()]


def make_v1_checkpoint(folder: Path) -> list[bytes]:
    """Returns a checkpoint of 2016."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("net/a", initializer=np.ones([2, 3], np.float32))
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=1)
        path = saver.save(session, str(folder / "old"), write_meta_graph=False)
    return [Path(path).read_bytes()]


def make_state_file(folder: Path) -> list[bytes]:
    """Returns the file that names the latest checkpoint."""
    return [(Path(_save(folder)).parent / "checkpoint").read_bytes()]


def make_settings(folder: Path) -> list[bytes]:
    """Returns a settings.json."""
    run = {
        **dict(model="lenet", num_classes=2, image_size=28, class_names=["a", "b"]),
        **dict(preprocessing_name=None, labels_offset=0, use_grayscale=False),
        **dict(dataset_dir=None, dataset_name=None),
    }
    flags = dataclass_flags.to_dict(TrainConfig(model="lenet"))
    return [json.dumps({"run": run, "flags": flags}).encode()]


def make_flagfile(folder: Path) -> list[bytes]:
    """Returns a flagfile."""
    return [
        b"# comment\n--model=lenet\n--batch_size=8\n--learning_rate=0.1\n--noseed\n"
    ]


def make_labels(folder: Path) -> list[bytes]:
    """Returns a labels.txt."""
    return ["0:daisy\n1:rosé\n2:tulip\n".encode()]


def make_sidecar(folder: Path) -> list[bytes]:
    """Returns a dataset.json."""
    shard = metadata.Shard("it_train_00000-of-00001.tfrecord", 2, 99)
    sidecar = metadata.Sidecar("it", ("a", "b"), 3, {"train": (shard,)}, "here")
    metadata.write_sidecar(folder, sidecar)
    return [(folder / metadata.SIDECAR_FILE).read_bytes()]


def make_images(folder: Path) -> list[bytes]:
    """Returns images: JPEG, also with a note of its camera, PNG, GIF and BMP."""
    pixels = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
    jpeg = tf.io.encode_jpeg(pixels).numpy()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    bitmaps = [_make_bitmap(palette) for palette in (True, False)]
    gif = (
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D"
        b"\x01\0;"
    )
    png = tf.io.encode_png(pixels).numpy()
    return [jpeg, jpeg[:2] + segment + jpeg[2:], png, gif, *bitmaps]


def _make_bitmap(palette: bool) -> bytes:
    """Returns a BMP of 4 x 4 pixels."""
    colours = bytes(range(256)) * 4 if palette else b""
    rows = bytes(16 if palette else 48)
    offset = 54 + len(colours)
    header = b"BM" + (offset + len(rows)).to_bytes(4, "little") + bytes(4)
    header += offset.to_bytes(4, "little") + (40).to_bytes(4, "little")
    header += (4).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little")
    header += (8 if palette else 24).to_bytes(2, "little") + bytes(24)
    return header + colours + rows


def make_examples(folder: Path) -> list[bytes]:
    """Returns serialized tf.Examples."""
    return [
        tfrecord.make_example(image, "jpg", 1, 8, 6, "a.jpg")
        for image in make_images(folder)[:3]
    ]


def make_records(folder: Path) -> list[bytes]:
    """Returns a TFRecord file."""
    path = folder / "it.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in make_examples(folder):
            writer.write(example)
    return [path.read_bytes()]


def make_idx(folder: Path) -> list[bytes]:
    """Returns MNIST's files of images, plain and compressed."""
    shape = b"".join(size.to_bytes(4, "big") for size in (2, 3, 3))
    plain = b"\0\0\x08\x03" + shape + bytes(18)
    return [plain, gzip.compress(plain, mtime=0)]


def make_cifar(folder: Path) -> list[bytes]:
    """Returns a batch of CIFAR-10, pickled and binary."""
    batch = {b"data": np.ones([2, 3072], np.uint8), b"labels": [1, 2]}
    return [*(pickle.dumps(batch, n) for n in (2, 4)), bytes(2 * 3073)]
