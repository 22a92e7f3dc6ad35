"""Drills: a real service under real faults, judged by a checker that knows what must hold."""
