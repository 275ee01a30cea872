"""What is known of each EHR, as data: one TOML file per EHR beside this, read by `load`, chosen by `choose`.

A new EHR is a new file. Every fact in it names its witness and how far that witness is to be believed; where
no witness speaks, nothing is written, and ketplan does as on any FHIR R4 server.
"""
