"""Runs of the service: many documents of one request, from the upload to the results, over restarts of the server."""
