"""The embedded model: the Messages API answered by llama.cpp in this process (extra `local`)."""
