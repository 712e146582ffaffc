"""Keras applications on the TensorFlow backend, as `compile` and `fit` run them."""

import os
from collections.abc import Callable

from benchmarks.work import INPUT, TRAIN, Work
from slimnets import hardware

_NETWORKS = {
    "mobilenet_v1": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "resnet50": "ResNet50",
    "resnet_v1_50": "ResNet50",
    "inception_v3": "InceptionV3",
    "vgg_16": "VGG16",
    "efficientnet_b0": "EfficientNetB0",
    "densenet_121": "DenseNet121",
}


def settings(work: Work) -> list[str]:
    """Precision, kernels (TensorFlow's own or oneDNN's) and compiler."""
    if work.mode == INPUT:
        return ["float32"]
    if work.network not in _NETWORKS and work.network != "alexnet_v2":
        return []
    kinds = ["float32", "float32 onednn", "float32 onednn xla"]
    if hardware.multiplies_bfloat16():
        kinds += ["mixed_bfloat16 onednn"]
    return kinds


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of what `fit` compiles, of the network, or of the input."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int("onednn" in setting))
    import keras
    import numpy as np
    import tensorflow as tf

    if work.mode == INPUT:
        return _input_step(work)
    keras.mixed_precision.set_dtype_policy(setting.split()[0])
    model = _model(work)
    shape = [work.batch_size, work.image_size, work.image_size, 3]
    images = np.random.default_rng(0).normal(size=shape).astype("float32")
    xla = "xla" in setting
    if work.mode == TRAIN:
        model.compile(
            keras.optimizers.SGD(0.01, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=xla,
        )
        labels = np.random.default_rng(0).integers(0, 1000, work.batch_size)
        batches = tf.data.Dataset.from_tensors((images, labels)).cache().repeat()
        iterator = iter(batches.prefetch(1))
        model.optimizer.build(model.trainable_variables)
        model.make_train_function()

        def step() -> None:
            tf.nest.map_structure(np.asarray, model.train_function(iterator))

        return step
    predict = tf.function(lambda x: model(x, training=False), jit_compile=xla)
    constant = tf.constant(images)
    return lambda: predict(constant).numpy()


def _input_step(work: Work) -> Callable[[], None]:
    """Its loader and layers; it has no crop of random size, so the size is fixed."""
    import keras
    import tensorflow as tf
    from keras import layers

    size = work.image_size
    batches = keras.utils.image_dataset_from_directory(
        work.photos,
        batch_size=work.batch_size,
        image_size=(size * 8 // 7, size * 8 // 7),
        verbose=False,
    )
    augment = keras.Sequential(
        [
            layers.RandomCrop(size, size),
            layers.RandomFlip("horizontal"),
            layers.RandomBrightness(32 / 255),
            layers.RandomSaturation((0.25, 0.75)),
            layers.Rescaling(2 / 255, -1),
        ]
    )
    augmented = batches.repeat().map(
        lambda images, labels: (augment(images, training=True), labels),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=False,
    )
    iterator = iter(augmented.prefetch(tf.data.AUTOTUNE))
    return lambda: next(iterator)


def _model(work: Work):
    import keras

    size = (work.image_size, work.image_size, 3)
    if work.network == "alexnet_v2":
        return _alexnet_v2(size)
    builder = getattr(keras.applications, _NETWORKS[work.network])
    return builder(weights=None, input_shape=size, classifier_activation=None)


def _alexnet_v2(size: tuple[int, int, int]):
    """AlexNet of arXiv:1404.5997, which Keras applications lack."""
    from keras import Sequential, layers

    def conv(depth: int, kernel: int, **options):
        return layers.Conv2D(depth, kernel, activation="relu", **options)

    return Sequential(
        [
            layers.Input(size),
            conv(64, 11, strides=4),
            layers.MaxPool2D(3, 2),
            conv(192, 5, padding="same"),
            layers.MaxPool2D(3, 2),
            conv(384, 3, padding="same"),
            conv(384, 3, padding="same"),
            conv(256, 3, padding="same"),
            layers.MaxPool2D(3, 2),
            layers.Flatten(),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1000),
        ]
    )
