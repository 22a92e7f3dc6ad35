"""Renditions: where they are kept, and how the render pool is asked to make them."""
