"""One document read several times: how readings differ, what they agree on, and what a stronger model reads again."""
