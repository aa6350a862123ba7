"""What two sides must agree on: a digest of everything that lies in the types' bytes."""

from __future__ import annotations

import hashlib

from rf_event_bus._shapes import shape_of


def schema_hash(*kinds: object) -> str:
    """Return the SHA-256, 64 hexadecimal characters, of a description of all `kinds`.

    It changes with every name, type, order and variant that the kinds are made of, at any
    depth; NewTypes count as what they are made of.

    Examples
    --------
    >>> schema_hash(int)[:16], schema_hash(int) == schema_hash(float)
    ('0f9476932145ac2f', False)
    """
    text = "\n".join(["postcard 1", *(shape_of(kind).text for kind in kinds)])
    return hashlib.sha256(text.encode()).hexdigest()
