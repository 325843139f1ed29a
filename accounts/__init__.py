"""People: who they are, which teams they work in, which keys are theirs."""
