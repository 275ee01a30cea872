"""Harbor EHR: a small pretend EHR to launch ketplan from.

SMART App Launch, FHIR R4 over REST, calendars with free Slots, synthetic patients and a chart in the
browser, all in memory. It imports nothing of ketplan's and knows nothing about it but the address it
launches: ``ketplan.sandbox.app.create_app`` makes the application, ``ketplan.sandbox.server.serve`` runs it.
"""
