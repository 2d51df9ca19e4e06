"""Who may do what: a table of everything that people can use in Discord, and the test that holds the bot to it."""
