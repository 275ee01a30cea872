"""The clinic Harbor EHR pretends to belong to: its staff, its rooms, and their calendars."""
