"""From the record to a signature, and what the patient takes home."""
