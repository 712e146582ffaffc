"""A comparison of runs as one HTML page that needs no network: `page.render`."""
