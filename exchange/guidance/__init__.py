"""The law and the local rules as data: versioned editions of codes, and the pure rules that signing asks of them.

Standard library only: no Django here, so that `python -m exchange.guidance` and any other program can read an edition.
"""
