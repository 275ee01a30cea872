"""Carrying a confirmed plan into the EHR so that nothing is lost and nothing is doubled.

`runner.run` takes the steps one by one. It may die at any instant: run again, it finds what stands already
and goes on from there.
"""
