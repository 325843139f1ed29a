"""Confer, the exchange: records, who may open them, and why. Imports nothing, so that its pure parts stay pure."""
