"""Package metadata. `slimnets` is installed; `train` and `eval` run from a checkout."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="slimnets",
    version="0.1.0",
    description="TF-Slim's networks and checkpoints on today's TensorFlow",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["slimnets", "slimnets.*"]),
    package_data={"slimnets": ["py.typed", "datasets/digits/*"]},
    install_requires=[
        "tensorflow>=2.16",
        "tf-slim>=1.1.0",
        "absl-py",
        "numpy",
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
        "litert": ["ai-edge-litert"],
        "openvino": ["openvino"],
        "test": ["pytest>=8", "pytest-xdist", "ruff", "scikit-learn"],
    },
)
