"""What is measured: a network at some work, done by a contender."""

import dataclasses

TRAIN, INFER, INPUT = "train", "infer", "input"


@dataclasses.dataclass(frozen=True)
class Work:
    """One piece of work, the same for all who do it.

    Attributes:
      network: slimnets' name of it.
      mode: 'train' (forward, backward, momentum update; loss on random labels) or
        'infer' (logits alone), on images from memory; or 'input' (random crop, resize,
        flip, brightness and saturation of photos from disk, and no network).
      batch_size: images a step.
      image_size: height and width in pixels.
      photos: folder of class folders of JPEGs, for 'input'.
    """

    network: str
    mode: str
    batch_size: int
    image_size: int = 224
    photos: str = ""

    def __str__(self) -> str:
        what = "input" if self.mode == INPUT else f"{self.mode} {self.network}"
        what += f", batch {self.batch_size}"
        return what if self.image_size == 224 else f"{what}, {self.image_size} px"
