"""Rating scales as data: what each may ship, how it is scored, compared and scheduled. Protocol facts 5."""
