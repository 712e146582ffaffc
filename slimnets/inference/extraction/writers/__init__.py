"""Files of features, one format a file; `formats.open_file` chooses."""
