"""The law and the local rules as data: what an edition may hold, and what signing asks of it."""
