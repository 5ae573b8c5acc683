"""The Messages API's own forms, read and written."""
