"""From a proposal to what a page shows: pure functions, plain values, no HTML and no HTTP."""
