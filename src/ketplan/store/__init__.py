"""What ketplan must remember: launches, work in hand, confirmed plans, the write journal, the audit trail.

One `Database` is opened at start-up and handed to the small classes beside this file, one per table.
Nothing here reads the clock, the environment or a FHIR resource's meaning: the moment, new ids and keys
arrive as arguments, and bodies are JSON that only the other rooms understand.
"""
