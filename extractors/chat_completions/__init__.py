"""The Messages API answered by a server of OpenAI's Chat Completions API: each translated into the other."""
