"""Walking and ranking over adjacency in compressed rows (CSR).

`offsets` (n + 1) and `targets` (m) hold the neighbours of node i at offsets[i] : offsets[i + 1];
`shares` (m) are the weights of a row divided by their sum.
"""

from __future__ import annotations

import numba as nb
import numpy as np

_jit = nb.njit(cache=True, nogil=True, error_model="numpy")


@_jit
def build_rows(heads, tails, weights, offsets, targets, shares, edges):  # type: ignore[no-untyped-def]
    """Sort edges into rows; weights that are not positive are left out (counted before)."""
    n = offsets.size - 1
    at = offsets[:n].copy()
    for k in range(heads.size):
        w = weights[k]
        if w > 0.0:
            i = heads[k]
            place = at[i]
            targets[place] = tails[k]
            shares[place] = w
            edges[place] = k
            at[i] = place + 1
    for i in range(n):
        total = 0.0
        for j in range(offsets[i], offsets[i + 1]):
            total += shares[j]
        for j in range(offsets[i], offsets[i + 1]):
            shares[j] /= total


@_jit
def k_hop(offsets, targets, start, hops, stamps, stamp, out_nodes, out_depths):  # type: ignore[no-untyped-def]
    """Breadth-first search; returns how many nodes were written, the start not among them."""
    stamps[start] = stamp
    count = 0
    first = -1
    for level in range(1, hops + 1):
        last = count
        if level == 1:
            for j in range(offsets[start], offsets[start + 1]):
                v = targets[j]
                if stamps[v] != stamp:
                    stamps[v] = stamp
                    out_nodes[count] = v
                    out_depths[count] = level
                    count += 1
        else:
            for q in range(first, last):
                u = out_nodes[q]
                for j in range(offsets[u], offsets[u + 1]):
                    v = targets[j]
                    if stamps[v] != stamp:
                        stamps[v] = stamp
                        out_nodes[count] = v
                        out_depths[count] = level
                        count += 1
        if count == last:
            break
        first = last
    return count


@_jit
def k_hop_many(offsets, targets, starts, hops, stamps, stamp, begins, out_nodes, out_depths):  # type: ignore[no-untyped-def]
    """`k_hop` from each start into one buffer; start i has begins[i] : begins[i + 1].

    Stamps stamp + 1 … stamp + starts.size are used up. Returns how many starts were finished: the
    next one has no room for another whole graph's worth of nodes left.
    """
    n = offsets.size - 1
    begins[0] = 0
    for i in range(starts.size):
        at = begins[i]
        if out_nodes.size - at < n:
            return i
        count = k_hop(
            offsets,
            targets,
            starts[i],
            hops,
            stamps,
            stamp + 1 + i,
            out_nodes[at:],
            out_depths[at:],
        )
        begins[i + 1] = at + count
    return starts.size


@_jit
def pagerank_power(offsets, targets, shares, seeds, damping, tolerance, max_steps, out):  # type: ignore[no-untyped-def]
    """x = (1 - d) s + d (A' x + (mass without a way out) s), by iteration.

    `seeds` sums to 1. Returns steps taken, or minus that when the change stayed above tolerance.
    """
    n = offsets.size - 1
    out[:] = seeds
    nxt = np.empty(n)
    for step in range(1, max_steps + 1):
        lost = 0.0
        nxt[:] = 0.0
        for i in range(n):
            x = out[i]
            begin, end = offsets[i], offsets[i + 1]
            if begin == end:
                lost += x
            elif x != 0.0:
                for j in range(begin, end):
                    nxt[targets[j]] += x * shares[j]
        change = 0.0
        back = 1.0 - damping + damping * lost
        for i in range(n):
            value = damping * nxt[i] + back * seeds[i]
            change += abs(value - out[i])
            out[i] = value
        if change < tolerance:
            return step
    return -max_steps


@_jit
def pagerank_push(  # type: ignore[no-untyped-def]
    offsets, targets, shares, seeds, seed_shares, damping, threshold, p, r, queue, queued, touched
):
    """Local push: what a node holds moves on while it is above threshold times its degree.

    `p`, `r` and `queued` are zero at entry; `touched` gets every node whose p or r is not zero.
    Mass at a node without a way out goes back to the seeds. Returns how many were touched.
    """
    n = offsets.size - 1
    count = 0
    head = 0
    size = 0
    for k in range(seeds.size):
        s = seeds[k]
        if p[s] == 0.0 and r[s] == 0.0:
            touched[count] = s
            count += 1
        r[s] += seed_shares[k]
        if queued[s] == 0:
            queued[s] = 1
            queue[size % n] = s
            size += 1
    while head < size:
        u = queue[head % n]
        head += 1
        queued[u] = 0
        mass = r[u]
        begin, end = offsets[u], offsets[u + 1]
        if mass < threshold * max(end - begin, 1):
            continue
        p[u] += (1.0 - damping) * mass
        r[u] = 0.0
        moved = damping * mass
        if begin == end:
            for k in range(seeds.size):
                v = seeds[k]
                if p[v] == 0.0 and r[v] == 0.0:
                    touched[count] = v
                    count += 1
                r[v] += moved * seed_shares[k]
                limit = threshold * max(offsets[v + 1] - offsets[v], 1)
                if queued[v] == 0 and r[v] >= limit:
                    queued[v] = 1
                    queue[size % n] = v
                    size += 1
            continue
        for j in range(begin, end):
            v = targets[j]
            if p[v] == 0.0 and r[v] == 0.0:
                touched[count] = v
                count += 1
            r[v] += moved * shares[j]
            if queued[v] == 0 and r[v] >= threshold * max(offsets[v + 1] - offsets[v], 1):
                queued[v] = 1
                queue[size % n] = v
                size += 1
    return count
