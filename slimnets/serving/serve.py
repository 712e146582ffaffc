"""Serving a trained network from its settings, until it is told to stop."""

from collections.abc import Callable

from slimnets.config import dataclass_flags
from slimnets.config.serving import ServeConfig
from slimnets.inference.classifier import load_classifier
from slimnets.serving.answers import Answers
from slimnets.serving.server import Server, ends_by_signal


def serve(config: ServeConfig, log: Callable[[str], None] = print) -> None:
    """Serves the page until SIGTERM or Ctrl-C.

    Args:
      config: all settings.
      log: gets the lines that tell what is loaded, and where the page is.

    Raises:
      InputError: a setting is at fault, or the address is taken.
    """
    dataclass_flags.check(config)
    classifier = load_classifier(
        config.trained, config.inference, max_pixels=config.max_pixels, log=log
    )
    answers = Answers(classifier, config.top)
    max_bytes = config.max_upload_mb * 2**20
    with (
        Server(config.host, config.port, answers, max_bytes) as server,
        ends_by_signal(server),
    ):
        log(f"{answers.describe().network} is at {server.url}; Ctrl-C ends it")
        server.serve_forever()
