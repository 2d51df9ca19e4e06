"""What is done to finished pictures, such as making them larger, and to those that people send."""
