"""The command `guiji`: one file per group of commands, heavy imports inside them."""
