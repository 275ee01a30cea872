"""The reference checker's rules: each a function that yields one sentence for each fault it finds."""
