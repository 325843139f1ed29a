"""What the tests bring up for themselves: databases, broker, mail, worker, server. All real; nothing is skipped."""
