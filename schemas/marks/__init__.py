"""What a schema says of its fields beyond JSON Schema: keywords of our own, `x-…`, and the markers that write them."""
