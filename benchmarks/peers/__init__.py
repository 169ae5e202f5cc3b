"""Other memories, each in an environment and a process of its own, asked the same things in turns."""
