"""How fast do Python job queues take in, run and store very small jobs, side by side?"""
