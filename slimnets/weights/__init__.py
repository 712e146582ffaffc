"""Weights that other libraries keep, as TF-Slim's name-based checkpoints, and back."""
