"""What of tf_slim today's TensorFlow broke, mended; tf_slim itself is untouched."""
