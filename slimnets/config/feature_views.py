"""The settings of what an extraction shows: pages and pictures of features."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class FeatureViewsConfig:
    """Pages and pictures of features, to look at."""

    neighbours: str | None = setting(
        None,
        "Page to write, .html: images, and beside each those whose features are nearest"
        " by cosine. One end point, pooled; without --end_points the last map before"
        " the logits.",
        path=True,
        common=True,
    )
    num_neighbours: int = setting(
        8, "Neighbours that --neighbours shows of each image.", lowest=1
    )
    queries: tuple[str, ...] = setting(
        (),
        "Comma-separated names of the images whose neighbours are shown, shell"
        " wildcards allowed. None given: --num_queries of all, evenly spread.",
    )
    num_queries: int = setting(
        60,
        "Most images whose neighbours are shown; each takes 30 KB of the page.",
        lowest=1,
    )
    picture: str | None = setting(
        None,
        "Page to write, .html, that shows all images as points in a plane, near where"
        " their features are alike (an extra); of more than 2,000 evenly spread ones."
        " End point as of --neighbours.",
        path=True,
        common=True,
    )
    projection: str = setting(
        "tsne",
        "How --picture makes two numbers of the features: tsne keeps neighbours"
        " together (van der Maaten and Hinton, 2008); pca, linear, keeps distances.",
        choices=choices.PROJECTIONS,
    )
    feature_maps: str | None = setting(
        None,
        "Folder for pictures of the maps of each end point, channel by channel, of the"
        " first --num_mapped images (an extra).",
        path=True,
        common=True,
    )
    num_mapped: int = setting(
        4, "Images of which --feature_maps has pictures, the first ones.", lowest=1
    )
