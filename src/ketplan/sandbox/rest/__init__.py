"""FHIR R4 over REST, apart from HTTP: an `Asked` goes in, a `Said` comes out, alone or in a Bundle."""
