"""Feature extraction in its parts: images, batches through the network, files."""
