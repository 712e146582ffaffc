"""What programs do about images that are broken or too large to decode.

Their flags follow from it: see slimnets.config.dataclass_flags.
"""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting

# 400 MB in RGB. Photos of 108 megapixels pass; Pillow warns of more than 89 million.
MAX_PIXELS = 1 << 27

MAX_PIXELS_HELP = (
    "Most pixels that an image may have. One that has more, by its header, counts as"
    " broken and is not decoded: a small file can say that it holds gigabytes."
)


@dataclasses.dataclass(frozen=True)
class ReadingConfig:
    """Which images are read, and what happens at those that cannot be."""

    max_pixels: int = setting(MAX_PIXELS, MAX_PIXELS_HELP, lowest=1)
    on_bad_record: str = setting(
        "stop",
        "stop ends at a record that cannot be used, in one line with file, number and"
        " reason. skip goes on without it, and lists all such records at the end, with"
        " exit status 1. Behind a record whose length is damaged the rest of its file"
        " cannot be found, and is listed too.",
        choices=choices.ON_BAD_RECORD,
    )
    max_bad_records: int = setting(
        100,
        "With --on_bad_record=skip: end all the same after more bad records than this.",
        lowest=0,
    )

    @property
    def skips(self) -> bool:
        """Whether bad records are left out."""
        return self.on_bad_record == "skip"
