"""--picture: two numbers for each image's features, and the page that shows them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config.feature_views import FeatureViewsConfig
from slimnets.inference.extraction.images import Images
from slimnets.inference.extraction.vectors import Vectors, choose_spread
from slimnets.report.feature_pages import picture
from slimnets.report.feature_pages.findings import Picture, Shown

_EXTRA = "picture"
_MOST = 2_000  # points: a page of a few megabytes
_SIDE = 80  # pixels of a thumbnail
_SEED = 0
_PERPLEXITY = 30.0  # of t-SNE, scikit-learn's default
_LINEAR = 50  # dimensions that t-SNE starts from, as its authors do
_SAID = {
    "tsne": "t-SNE: images whose features are alike lie side by side; how far groups"
    " lie from each other says little.",
    "pca": "PCA: the two directions in which the features differ most, {share:.0%} of"
    " their variance.",
}


def require() -> None:
    """Raises an InputError if the library that projects is not installed."""
    errors.import_extra("sklearn.manifold", _EXTRA)


def write_page(
    vectors: Vectors,
    images: Images,
    config: FeatureViewsConfig,
    title: str,
    facts: Mapping[str, str],
) -> None:
    """Writes the page, atomically.

    Raises:
      InputError: there are too few images for a picture.
      OSError: it cannot be written; nothing is left then.
    """
    chosen = choose_spread(len(vectors.numbers), _MOST)
    places, share = project(vectors.values[chosen], config.projection)
    pictures = images.draw(vectors.numbers[chosen].tolist(), _SIDE)
    said = _SAID[config.projection].format(share=share)
    if len(chosen) < images.total:
        said += (
            f" Shown are {len(chosen):,} of the {images.total:,} images: evenly spread"
            " ones of many, without those that could not be read."
        )
    shown = [
        Shown(
            vectors.files[k],
            vectors.class_names[k],
            pictures.get(int(vectors.numbers[k])),
        )
        for k in chosen
    ]
    page = picture.render(Picture(title, said, places, shown, facts))
    atomic_files.write_text(Path(str(config.picture)), page)


def project(values: np.ndarray, way: str) -> tuple[np.ndarray, float]:
    """Returns a place in the plane for each image, always the same for the same ones.

    Args:
      values: float32 [images, channels].
      way: of `config.choices.PROJECTIONS`.

    Returns:
      float [images, 2], and the share of the variance that its linear part holds.

    Raises:
      InputError: there are too few images or channels.
    """
    least = min(values.shape)
    if len(values) < 3 or least < 2:
        raise errors.InputError(
            "--picture needs three images or more and two channels or more, not"
            f" {len(values)} images of {values.shape[1]} channels"
        )
    decomposition = errors.import_extra("sklearn.decomposition", _EXTRA)
    dimensions = 2 if way == "pca" else min(_LINEAR, least)
    linear = decomposition.PCA(dimensions, svd_solver="full")
    reduced = linear.fit_transform(values.astype(np.float64))
    share = float(np.nan_to_num(linear.explained_variance_ratio_).sum())
    if way == "pca":
        return reduced, share
    manifold = errors.import_extra("sklearn.manifold", _EXTRA)
    tsne = manifold.TSNE(
        perplexity=min(_PERPLEXITY, (len(values) - 1) / 3),
        init=reduced[:, :2] / max(reduced[:, 0].std(), 1e-12) * 1e-4,
        random_state=_SEED,
    )
    # On one thread: sums in one order, and no waiting for a core that others use.
    limit = errors.import_extra("threadpoolctl", _EXTRA).threadpool_limits
    with limit(1, "openmp"):
        return tsne.fit_transform(reduced), share
