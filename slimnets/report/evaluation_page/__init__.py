"""An evaluation as one HTML page that needs no network: `page.render`."""

TOP = 5  # most probable classes that are shown of an image
MOST_CURVES = 20  # classes of which curves are drawn; of more they are left out
