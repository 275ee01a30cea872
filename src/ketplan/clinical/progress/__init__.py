"""A course under way: what a review proposes, the day of a dose, the session. Facts 1.1, 1.6, 4, 7 and 8b."""
