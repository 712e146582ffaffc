"""A server of a tiny trained network, and photos to send."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets.inference.classifier import Classifier
from slimnets.serving.answers import Answers
from slimnets.serving.server import Server
from slimnets.training import trainer
from tests.tiny_runs import (  # noqa: F401
    make_config,
    silent,
    tiny_networks,
    toy_data,
    toy_split,
)

MAX_BYTES = 4096


@pytest.fixture(scope="module")
def classifier(
    tiny_networks: None,  # noqa: F811
    toy_data: str,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Classifier:
    """Returns a trained network of the classes red, green and blue."""
    folder = tmp_path_factory.mktemp("trained")
    trainer.train(make_config(toy_data, folder, model="tiny_bn"), silent)
    return slimnets.load(folder / "run", log=silent)


@pytest.fixture(scope="module")
def server(classifier: Classifier) -> Iterator[Server]:
    """Returns a server that answers at a free port of this machine."""
    with Server("127.0.0.1", 0, Answers(classifier, top=2), MAX_BYTES) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Returns three PNG files."""
    folder = tmp_path_factory.mktemp("photos")
    for number, image in enumerate(toy_split(3, seed=3).images):
        contents = tf.io.encode_png(image.astype(np.uint8)).numpy()
        (folder / f"{number}.png").write_bytes(contents)
    return sorted(folder.iterdir())
