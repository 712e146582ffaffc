"""From a library's own file, by its word, to the library's own logits.

torchvision's and timm's files come from an interpreter that has them, which
`make test-peers` installs; Keras' from this one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import slimnets
from slimnets.nets import published
from tests.weights.keras import peers as keras_peers
from tests.weights.torch import peers

PROJECT = Path(__file__).parents[3]
PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)


@pytest.fixture
def publish(mirror, tmp_path, monkeypatch):
    """Serves a file in the place of a network's published one."""

    def serve(network, name, file, classes, size):
        assert name in published.read_catalogue()[network]
        mirror.files["/file"] = file.read_bytes()
        facts = dict(url=mirror.url("/file"), sha256="", md5="", classes=classes)
        entry = {network: {name: {**facts, "image_size": size}}}
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps(entry))
        monkeypatch.setenv(published.CATALOGUE, str(path))

    return serve


@pytest.mark.peers
@pytest.mark.parametrize(
    ("network", "table", "word"),
    [
        ("resnet50_v1_5", "torchvision", "torchvision/IMAGENET1K_V2"),
        ("resnet50_v1_5", "timm", "timm/resnet50.a1_in1k"),
        ("mobilenet_v2", "torchvision", "torchvision/IMAGENET1K_V2"),
        ("mobilenet_v2", "timm", "timm/mobilenetv2_100.ra_in1k"),
        ("mobilenet_v3_large", "timm_tf", "timm/tf_mobilenetv3_large_100.in1k"),
        ("mobilenet_v3_small", "torchvision", "torchvision/IMAGENET1K_V1"),
        ("efficientnet_b0", "timm_tf", "timm/tf_efficientnet_b0.ns_jft_in1k"),
        ("efficientnet_b0", "torchvision", "torchvision/IMAGENET1K_V1"),
        ("convnext_tiny", "timm", "timm/convnext_tiny.fb_in1k"),
        ("densenet_121", "torchvision", "torchvision/IMAGENET1K_V1"),
        ("regnet_y_400mf", "torchvision", "torchvision/IMAGENET1K_V2"),
        ("inception_v3", "timm", "timm/inception_v3.tf_in1k"),
    ],
)
def test_the_logits_of_torchvision_and_timm(network, table, word, publish, tmp_path):
    program = (PYTHON, "-m", "tests.weights.torch.peers")
    command = (*program, "compute", network, table, tmp_path)
    subprocess.run(command, cwd=PROJECT, check=True)
    peer = peers.PEERS[network, table]
    publish(network, word, tmp_path / peers.WEIGHTS, peers.CLASSES, peer.size)
    model = slimnets.Model(network, weights=word, **peer.arguments)
    logits = model(np.load(tmp_path / peers.IMAGES))[0].numpy()
    _compare(f"{network} {word}", logits, np.load(tmp_path / peers.LOGITS))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation")
@pytest.mark.parametrize("network", ["mobilenet_v1_025", "efficientnet_b0"])
def test_the_logits_of_keras(network, publish, tmp_path):
    peer = keras_peers.PEERS[network]
    theirs = peer.build()
    keras_peers.randomize(theirs)
    file = tmp_path / "it.weights.h5"
    theirs.save_weights(file)
    publish(network, "keras", file, keras_peers.CLASSES, peer.size)
    model = slimnets.Model(network, weights="keras", **peer.arguments)
    their_images, our_images = keras_peers.images(theirs)
    logits = model(our_images)[0].numpy()
    _compare(f"{network} keras", logits, theirs(their_images).numpy())


def _compare(which, logits, expected):
    error = np.abs(logits - expected).max() / np.abs(expected).max()
    print(f"{which}: {error:.1e}")
    assert error < 1e-4
