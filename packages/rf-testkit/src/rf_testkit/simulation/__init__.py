"""The house under one seed: market, operator, venue, disk, crashes; promises at each step.

Engine, gate, paper venue and the corridor that a test hands in are the real ones. What is made
up is the world around them: prices walk at random and are now and then impossible, the operator
asks for sensible and silly things, answers get lost, doubled and late, the disk fails, and the
process dies at any write and comes back. `Simulation(seed, disk, …).run(steps)` raises `Broken`,
which names seed, step and promise; a `Disk` over the real journal comes from the test.
"""

from rf_testkit.simulation.promises import Broken
from rf_testkit.simulation.run import Crash, Disk, Found, SessionJournal, Simulation
from rf_testkit.simulation.setting import CONFIG, FACTORIES, INSTRUMENTS, LIMITS

__all__ = [
    "Simulation",
    "Disk",
    "SessionJournal",
    "Found",
    "Broken",
    "Crash",
    "CONFIG",
    "LIMITS",
    "INSTRUMENTS",
    "FACTORIES",
]
