"""Pictures of a course by one axis and one chart, as SVG with the table behind it."""
