"""Package metadata. The folders train/ and eval/ are installed inside `slimnets`."""

import re
from pathlib import Path

from setuptools import find_packages, setup

PROJECT = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$',
    (PROJECT / "slimnets" / "__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)[1]
# As top-level packages their names would be too common.
PROGRAMS = {"slimnets.train": "train", "slimnets.eval": "eval"}

setup(
    name="slimnets",
    version=VERSION,
    description="TF-Slim's networks and checkpoints on today's TensorFlow",
    long_description=(PROJECT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=[*find_packages(include=["slimnets", "slimnets.*"]), *PROGRAMS],
    package_dir=PROGRAMS,
    package_data={
        "slimnets": ["py.typed", "datasets/digits/*", "datasets/*.txt"],
        "slimnets.nets": ["*.json", "*.csv"],
        "slimnets.report.evaluation_page": ["page.css", "page.js"],
        "slimnets.report.feature_pages": ["pages.css", "picture.js"],
        "slimnets.serving": ["page.css", "page.html", "page.js"],
        "slimnets.train": ["recipes/*.flags"],
    },
    entry_points={"console_scripts": ["slimnets = slimnets.commands:main"]},
    install_requires=[
        "tensorflow>=2.16",
        "tf-slim>=1.1.0",
        "absl-py",
        "numpy",
        "requests",
        "tqdm",
        "tensorboard",
    ],
    extras_require={
        "benchmarks": [
            "ai-edge-litert",
            "keras",
            "matplotlib",
            "openvino",
            "scikit-learn",
            "timm",
            "torch",
            "torchvision",
        ],
        "browser": ["playwright"],  # of tests; it drives Debian's chromium
        "imagenet": ["scipy"],
        "litert": ["ai-edge-litert"],
        "metadata": ["ai-edge-litert", "mediapipe>=1"],  # older: other numpy, protobuf
        "onnx": ["onnx", "onnxruntime", "tf2onnx>=1.17"],  # older: other protobuf
        "openvino": ["openvino"],
        "parquet": ["pyarrow"],
        "picture": ["scikit-learn"],
        "plot": ["matplotlib"],
        "test": [
            "libcst",
            "matplotlib",
            "mypy",
            "pillow",
            "pytest>=8",
            "pytest-xdist",
            "ruff",
            "scikit-learn",
            "scipy",
            "setuptools>=70.1",
        ],
        # The latter is what the former imports and does not ask for.
        "tfds": ["tensorflow-datasets", "importlib-resources"],
        "upgrade": ["libcst"],
    },
)
