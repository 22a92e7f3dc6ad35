"""Incidents: from the first sign to the last note, and whom they page meanwhile.

Everything here works on shelves within one step (see `billow.ports.incidents`) and is told the
time, so that the same lines run live, in tests and in drills.
"""
