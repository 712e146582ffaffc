"""Published weights by one word: found, downloaded once, converted, checked."""
