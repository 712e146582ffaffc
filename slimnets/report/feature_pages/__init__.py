"""Features as pages that need no network: `neighbours.render`, `picture.render`."""
