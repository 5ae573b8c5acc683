"""Claude at the clouds: Bedrock, Vertex AI and Foundry, by the SDK's own clients for them."""
