"""The REST door: parse, call an act, render. Nothing else."""
