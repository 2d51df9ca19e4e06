"""What people type: thin; options become one call of a service."""
