"""Keras: `compile` and `fit` of keras.applications' network, oneDNN's kernels."""

import os

from benchmarks.finetuning.task import StepClock, Task, Training

_WARMUP = 20  # a share of the steps, one in so many, over which the rate rises


def train(task: Task) -> Training:
    """Trains with AdamW on a cosine, random crops and mirroring."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    import keras

    keras.utils.set_random_seed(task.seed)
    held_out = _load(task, "validation", task.image_size)
    classes = len(held_out.class_names)
    model = _build(task, classes)
    model.compile(
        _optimizer(task),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    clock, top1 = StepClock(), {}
    model.fit(
        _training_photos(task),
        steps_per_epoch=max(1, task.steps // max(1, task.evaluations)),
        epochs=max(1, task.evaluations),
        callbacks=[_watch(task, held_out, clock, top1)],
        verbose=0,
    )
    return Training(clock.rate(task.batch_size), top1)


def _watch(task: Task, held_out, clock: StepClock, top1: dict[int, float]):
    """Returns a callback that times steps and scores the held-out photos."""
    import keras

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None) -> None:
            clock.end_step()

        def on_epoch_end(self, epoch, logs=None) -> None:
            if task.evaluations:
                scores = self.model.evaluate(held_out, verbose=0, return_dict=True)
                top1[clock.steps] = scores["accuracy"]
            clock.pause()

    return Watch()


def _build(task: Task, classes: int):
    """Returns the network with the weights and a head of its own."""
    import keras

    size = (task.image_size, task.image_size, 3)
    whole = keras.applications.MobileNet(
        size, task.width, weights=None, classes=task.weight_classes
    )
    whole.load_weights(task.keras_weights)
    features = keras.Model(whole.input, whole.get_layer("conv_pw_13_relu").output)
    inputs = keras.Input(size)
    batch_norm = {"training": False} if task.freeze_batch_norm else {}
    pooled = keras.layers.GlobalAveragePooling2D()(features(inputs, **batch_norm))
    return keras.Model(inputs, keras.layers.Dense(classes)(pooled))


def _optimizer(task: Task):
    import keras

    warmup = task.steps // _WARMUP
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        task.steps - warmup,
        warmup_target=task.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=task.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _load(task: Task, split: str, size: int):
    """Returns batches of photos, as float32 in [0, 255] or scaled for evaluation."""
    import keras
    import tensorflow as tf

    photos = keras.utils.image_dataset_from_directory(
        os.path.join(task.photos, split),
        batch_size=task.batch_size,
        image_size=(size, size),
        seed=task.seed,
        shuffle=split == "train",
        verbose=False,
    )
    if split == "train":
        return photos
    scaled = photos.map(lambda x, y: (x / 127.5 - 1, y)).prefetch(tf.data.AUTOTUNE)
    scaled.class_names = photos.class_names
    return scaled


def _training_photos(task: Task):
    """Returns batches without end; a crop has 7/8 of the photo's side, as is usual."""
    import tensorflow as tf
    from keras import Sequential, layers

    size = task.image_size
    augment = Sequential(
        [
            layers.RandomCrop(size, size, seed=task.seed),
            layers.RandomFlip("horizontal", seed=task.seed),
            layers.Rescaling(1 / 127.5, -1),
        ]
    )
    photos = _load(task, "train", size * 8 // 7).unbatch().batch(task.batch_size, True)
    augmented = photos.repeat().map(
        lambda images, labels: (augment(images, training=True), labels),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return augmented.prefetch(tf.data.AUTOTUNE)
