"""Sample patients with what must be said of them: printed in the manual, held by the tests.

`rows` is the table, `patients` what its words mean as facts, `outcome` what ketplan says.
"""
