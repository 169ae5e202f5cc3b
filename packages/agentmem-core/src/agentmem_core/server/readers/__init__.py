"""Processes beside a server that answer its searches: `readers` in the server, `reader` in each of them."""
