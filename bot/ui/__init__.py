"""What people see in Discord: texts, layouts, buttons."""
