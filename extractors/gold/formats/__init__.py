"""The forms that annotation tools give gold: text <-> gold documents, and what of them cannot be carried over. Pure."""
