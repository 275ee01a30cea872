"""Work across patients: the worklist, the board and what follows from them, outside every chart."""
