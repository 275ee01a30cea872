"""A signed course: its days of dose, its reviews, its changes and its end."""
