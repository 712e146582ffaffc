"""The command `slimnets`, also `python -m slimnets`: one name for all programs.

    slimnets train --model=alexnet_v2 --train_dir=runs/digits

The programs lie in the folders train/ and eval/. An installed slimnets has them as
slimnets.train and slimnets.eval; a checkout that is not installed, as train and eval.
One that runs no network, slimnets.upgrade, is a room of the library.
"""

import ast
import importlib
import importlib.util
import platform
import sys
import textwrap
from importlib import resources
from types import ModuleType
from typing import Any

import slimnets
from slimnets import errors, startup

# Subcommand -> module, in the order in which they are listed.
PROGRAMS = {
    "train": "train.train_image_classifier",
    "preview": "train.preview_dataset",
    "eval": "eval.eval_image_classifier",
    "compare": "eval.compare",
    "classify": "eval.classify_images",
    "serve": "eval.serve",
    "extract": "eval.extract_features",
    "export": "eval.export_network",
    "convert": "train.convert_image_folder",
    "convert-dataset": "train.convert_dataset",
    "convert-weights": "train.convert_weights",
    "weights": "train.weights",
    "describe": "eval.describe_network",
    "describe-dataset": "eval.describe_dataset",
    "checkpoints": "eval.checkpoints",
    "list": "eval.list_networks",
    "upgrade": "slimnets.upgrade.__main__",
}
_WIDTH = 88


def main() -> None:
    """Runs the program that the first word names; without one tells what there is."""
    errors.report_errors(_dispatch)(sys.argv)


def load_program(name: str) -> ModuleType:
    """Imports a subcommand's program, one of PROGRAMS."""
    return importlib.import_module(_module(name))


def describe_installation() -> str:
    """Returns what there is: version, programs, networks, TensorFlow and devices."""
    startup.start_tensorflow()
    import tensorflow as tf

    devices = map(_name_device, tf.config.list_physical_devices())
    networks = ", ".join(slimnets.list_networks())
    lines = [
        f"slimnets {slimnets.__version__}, TensorFlow {tf.__version__}, Python"
        f" {platform.python_version()}",
        f"devices: {', '.join(devices)}",
        "",
        "programs; --help of each starts with an example:",
        *(f"  slimnets {name:15}  {_summary(name)}" for name in PROGRAMS),
        "",
        "networks, which `slimnets list` describes:",
        textwrap.fill(networks, _WIDTH, initial_indent="  ", subsequent_indent="  "),
    ]
    return "\n".join(lines)


def _name_device(device: Any) -> str:
    """Returns CPU:0, or GPU:0 with what the GPU is called."""
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(device)
    name = device.name.removeprefix("/physical_device:")
    return " ".join((name, *filter(None, [details.get("device_name")])))


def _dispatch(argv: list[str]) -> None:
    words = argv[1:]
    if not words or words[0] in ("--help", "-h"):
        print(describe_installation())
    elif words[0] in PROGRAMS:
        _run(words[0], words[1:])
    else:
        raise errors.unknown("command", words[0], PROGRAMS)


def _run(name: str, words: list[str]) -> None:
    """Runs a program as `python -m` would; its help says `slimnets NAME`."""
    program = load_program(name)
    # absl's help: the flags of the module in sys.argv[0] below __main__'s docstring.
    sys.argv = [program.__name__, *words]
    sys.modules["__main__"].__doc__ = _name_subcommands(program.__doc__ or "")
    startup.run(program.main, settings=getattr(program, "SETTINGS", None))


def _name_subcommands(text: str) -> str:
    """Replaces `python -m MODULE` by `slimnets NAME`."""
    for name, module in PROGRAMS.items():
        module = module.removesuffix(".__main__")
        text = text.replace(f"python -m {module}", f"slimnets {name}")
    return text


def _summary(name: str) -> str:
    """Returns the first line of a program's docstring, without importing it."""
    package, _, module = _module(name).rpartition(".")
    source = resources.files(package).joinpath(f"{module}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _module(name: str) -> str:
    """Returns the full name of a program's module, as installed or in a checkout."""
    folder = PROGRAMS[name].partition(".")[0]
    installed = importlib.util.find_spec(f"slimnets.{folder}")
    return f"slimnets.{PROGRAMS[name]}" if installed else PROGRAMS[name]
