"""One module per question the assessment asks of the record. Each screen: View → findings."""
