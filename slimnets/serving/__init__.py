"""A web page on this machine that classifies photos, and its JSON endpoints."""
