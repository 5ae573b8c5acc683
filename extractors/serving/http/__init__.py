"""The service by HTTP: routes, what they are sent and send, and the server (extra `serve`)."""
