"""Notebook 06: LLM4GraphGen (arXiv 2403.14358).

Graphs as text. `tasks` asks, `prompts` words it, `reply_parser` reads the replies,
`checks` and `metrics` judge graphs, `recomputations` goes through the printed tables.
"""
