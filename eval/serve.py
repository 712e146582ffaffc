r"""Serves a web page that classifies the photos dropped on it, and a JSON endpoint.

Example, with published weights:

  python -m eval.serve --model=mobilenet_v2 --checkpoint_path=imagenet

Then open http://127.0.0.1:8000/, or ask from a program:

  curl --data-binary @photo.jpg http://127.0.0.1:8000/classify

It is reached from this machine alone, unless --host says otherwise.
"""

from absl import flags

from slimnets import errors, startup
from slimnets.config import dataclass_flags
from slimnets.config.serving import ServeConfig

SETTINGS = ServeConfig

dataclass_flags.define_flags(SETTINGS)
flags.DEFINE_alias("model_name", "model")
flags.DEFINE_alias("import", "import_module")
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Serves the network that the flags name."""
    errors.refuse_arguments(argv)
    from slimnets.serving.serve import serve

    serve(dataclass_flags.from_flags(SETTINGS), lambda line: print(line, flush=True))


if __name__ == "__main__":
    startup.run(main, settings=SETTINGS)
