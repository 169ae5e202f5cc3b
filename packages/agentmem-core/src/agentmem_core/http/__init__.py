"""The server asked over HTTP: how operations travel, and the backend that sends them."""
