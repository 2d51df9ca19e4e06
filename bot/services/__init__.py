"""Use cases: what can be asked for, apart from how it is asked."""
