"""What must go on after a crash, on an engine that is not ours (DBOS Transact), behind four functions."""
