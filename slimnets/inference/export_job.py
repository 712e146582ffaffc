"""What the export of a quantized network is given."""

from collections.abc import Callable
from typing import NamedTuple

from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.export.exportable import Exportable
from slimnets.inference.predictor import Predictor
from slimnets.inference.samples import Samples


class Job(NamedTuple):
    """What is exported.

    Attributes:
      config: all settings.
      completed: which network, with what follows from the checkpoint.
      checkpoint: its path.
      network: as it is exported: in float, or rounded as it was trained.
      predictor: the same, with its weights.
      samples: images to try the file on.
      log: gets the lines that tell what is done.
    """

    config: ExportConfig
    completed: TrainedNetworkConfig
    checkpoint: str
    network: Exportable
    predictor: Predictor
    samples: Samples
    log: Callable[[str], None]

    @property
    def kind(self) -> str:
        """How the file is quantized; what was trained for it becomes int8."""
        return str(self.config.post_training.post_training_quantize or "int8")
