"""The protocol library as tables: drug courses, therapy courses, evidence. Every row carries its source."""
