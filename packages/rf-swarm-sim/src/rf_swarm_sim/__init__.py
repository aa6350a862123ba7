"""Stylised facts: what the returns of every liquid market show.

`stylized_facts` measures a series, `StylizedFacts.accepted` holds it against the bands that a
simulated market must reach.
"""

from rf_swarm_sim.facts import StylizedFacts, stylized_facts

__all__ = ["stylized_facts", "StylizedFacts"]
