"""Looking after checkpoints: what there is, what differs, and new ones made of them."""
