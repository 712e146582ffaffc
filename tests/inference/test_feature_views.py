"""--neighbours, --picture and --feature_maps: what is near, and what is written."""

import re

import numpy as np
import pytest
import tensorflow as tf
from sklearn import neighbors as sklearn_neighbors

from slimnets.inference.extraction import batches, nearest, projection, vectors
from slimnets.inference.extraction.batches import Batch
from tests.inference.test_features import extracted, photos, refused  # noqa: F401


def make_batch(values: np.ndarray, first: int = 0) -> Batch:
    """Returns a batch of images a0.jpg, a1.jpg, ... of the class c."""
    numbers = np.arange(first, first + len(values))
    files = [f"x/a{k}.jpg".encode() for k in numbers]
    pooled = {"Pool": values.astype(np.float32)}
    return Batch({}, pooled, numbers, numbers * 0, [("c",)] * len(files), files)


def test_the_nearest_are_scikit_learns():
    values = np.random.default_rng(0).normal(size=(1500, 7)).astype(np.float32)
    collector = vectors.Collector("Pool", 1500)
    for first in range(0, 1500, 500):
        collector.add(make_batch(values[first : first + 500], first))
    places, cosines = nearest.find_nearest(collector.collect().values, 4)
    peer = sklearn_neighbors.NearestNeighbors(n_neighbors=5, metric="cosine")
    distances, expected = peer.fit(values).kneighbors(values)
    np.testing.assert_array_equal(places, expected[:, 1:])
    np.testing.assert_allclose(cosines, 1 - distances[:, 1:], atol=1e-5)


def test_copies_are_neighbours_and_an_image_is_not_its_own():
    places, cosines = nearest.find_nearest(np.float32([[1, 0], [1, 0], [0, 1]]), 9)
    assert places.tolist() == [[1, 2], [0, 2], [0, 1]]
    np.testing.assert_allclose(cosines, [[1, 0], [1, 0], [0, 0]], atol=1e-6)


def test_shares_of_the_same_class():
    near = np.array([[1, 2], [0, 2], [0, 1]])
    same = nearest.compare_classes(["a", "a", "b"], near)
    assert same.tolist() == [0.5, 0.5, 0.0]
    assert nearest.compare_classes(["a", "", "b"], near) is None


def test_of_many_images_spread_ones_are_kept_and_those_asked_for(monkeypatch):
    monkeypatch.setattr(vectors, "MOST", 3)
    collector = vectors.Collector("Pool", 9, queries=["a4.jpg"])
    collector.add(make_batch(np.ones([9, 2])))
    assert collector.collect().numbers.tolist() == [0, 3, 4, 6]
    assert vectors.choose_spread(10, 4) == [0, 2, 5, 7]


def test_what_is_not_finite_is_named():
    values = np.ones([3, 2])
    values[1, 1] = np.nan
    with pytest.raises(ValueError, match=r"Pool of x/a1\.jpg is NaN or infinite"):
        vectors.Collector("Pool", 3).add(make_batch(values))


@pytest.mark.parametrize("way", ["pca", "tsne"])
def test_a_projection_keeps_groups_together_and_repeats(way):
    groups = np.eye(3, 8).repeat(6, axis=0)
    values = groups + np.random.default_rng(0).normal(size=groups.shape) / 50
    places, share = projection.project(values.astype(np.float32), way)
    again, _ = projection.project(values.astype(np.float32), way)
    np.testing.assert_array_equal(places, again)
    assert places.shape == (18, 2) and 0.9 < share < 1.001
    near, _ = nearest.find_nearest(places - places.mean(axis=0), 1)
    if way == "pca":  # cosines around the centre
        assert np.all(near[:, 0] // 6 == np.arange(18) // 6)


def test_pages_of_a_dataset(run, tmp_path):
    pages = {"neighbours": tmp_path / "n.html", "picture": tmp_path / "p.html"}
    flags = {flag: str(path) for flag, path in pages.items()}
    files = {"images": None, "batch_size": 3, "projection": "pca"}
    path = tmp_path / "f.npz"
    result = extracted(run, path, "Conv", pool=True, **flags, **files)
    assert result.views == tuple(flags.values()) and result.num_images == 7
    with np.load(path) as file:
        values = file["Conv"] / np.linalg.norm(file["Conv"], axis=1, keepdims=True)
    best = np.sort(values @ values.T, axis=1)[:, -2]
    text = pages["neighbours"].read_text()
    assert text.count('<li class="query">') == 7
    assert f'<span class="cosine">{best[0]:.3f}</span>' in text
    assert "All 7 images, each with its nearest" in text
    text = pages["picture"].read_text()
    assert text.count('class="point"') == 7 and text.count("data-picture=") == 7
    assert re.findall(r"</svg>(\w+ \(\d\))", text) == [
        "blue (2)",
        "green (2)",
        "red (3)",
    ]


def test_a_page_alone_takes_the_last_map(run, tmp_path, photos):  # noqa: F811
    page = tmp_path / "n.html"
    (photos / "broken.png").write_bytes(b"no image")
    flags = {"images": str(photos), "queries": ["b.*"], "num_neighbours": 1}
    result = extracted(run, None, neighbours=str(page), **flags)
    assert result.output is None and len(result.left_out) == 1
    text = page.read_text()
    assert "Conv, the mean over all places" in text and "same class" not in text
    assert text.count('<li class="query">') == 1
    assert text.count('src="data:image/jpeg') == 2
    assert [each.name for each in tmp_path.glob("*.html")] == ["n.html"]


@pytest.mark.parametrize("source", ["files", "records"])
def test_no_network_runs_for_names_of_no_image(
    run,
    tmp_path,
    photos,  # noqa: F811
    monkeypatch,
    source,
):
    monkeypatch.setattr(batches, "run", lambda *_, **__: pytest.fail("it ran"))
    images = str(photos) if source == "files" else None
    flags = {"neighbours": str(tmp_path / "n.html"), "queries": ["x*", "y"]}
    message = refused(run, None, images=images, **flags)
    assert message.startswith("no image is called x* or y, as --queries says; the")
    assert not (tmp_path / "n.html").exists()


def test_maps_of_the_first_images(run, tmp_path, photos):  # noqa: F811
    folder = tmp_path / "maps"
    flags = {"images": str(photos), "num_mapped": 2, "batch_size": 1}
    result = extracted(run, None, "Conv", feature_maps=str(folder), **flags)
    assert result.num_images == 2 and not result.left_out
    assert sorted(path.name for path in folder.iterdir()) == [
        "0_0_Conv.png",
        "1_1_Conv.png",
    ]
    picture = tf.io.decode_png((folder / "0_0_Conv.png").read_bytes())
    assert picture.shape[1] == 5 * (128 + 8) + 8  # the image and its four channels


@pytest.mark.parametrize(
    ("end_points", "flags", "message"),
    [
        ((), {"neighbours": "n.pdf"}, "--neighbours=n.pdf has to end in .html"),
        (("C*", "P*"), {"picture": "p.html"}, "pages compare one end point, and"),
        (("Con",), {"picture": "p.html"}, "no end point matches 'Con'"),
        (
            ("Pool",),
            {"feature_maps": "m"},
            "draws maps, and Pool is none; maps are Con",
        ),
        ((), {"feature_maps": "m"}, "name --end_points, some of: Conv, Pool"),
        ((), {"queries": ["a"], "feature_maps": "m"}, "--queries is for --neighbours"),
        ((), {"neighbours": "n.html", "queries": ["x*"]}, "no image is called x*, as"),
    ],
)
def test_bad_input(run, tmp_path, monkeypatch, end_points, flags, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(run, None, *end_points, **flags)
    assert not list(tmp_path.glob("*.html"))
