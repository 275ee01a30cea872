"""Will ketplan work with this EHR? Asked without writing, answered without patient data."""
