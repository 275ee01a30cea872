"""Where the EHR and a user come in: launch, landing, keys, hints, the EHR's style, the doctor's page."""
