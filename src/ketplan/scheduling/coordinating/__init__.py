"""The coordinator's day: what of many courses needs a hand, who is where, and what came of it.

Pure: what was seen of the visits goes in, rows and figures come out.
"""
