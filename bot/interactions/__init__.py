"""What members do in Discord and how they are answered: acknowledgements, mistakes, buttons."""
