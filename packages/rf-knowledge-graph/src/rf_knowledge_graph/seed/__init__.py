"""The graph to start with: `seed_graph`.

Well-known public facts about the companies, coins, rates, commodities and rules that the symbols of
the house depend on. Two tables hold them; `seed_graph` reads them into a new graph each time.
"""

from rf_knowledge_graph.seed._build import core_statements, seed_graph

__all__ = ["seed_graph", "core_statements"]
