"""REST v10, one module a noun."""
