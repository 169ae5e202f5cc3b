"""What a conversation teaches: pure, without I/O, a clock or a model of its own."""
