"""The day of a dose: go or no-go, what is measured when, when to stop, when to leave. Facts 4 and 8b."""
