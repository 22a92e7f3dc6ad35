"""The load drill: many visitors, an even or random stream of requests, faults in the middle.

Arrivals do not wait for answers, and latency counts from the moment a request was due. So a service
that stalls cannot hide it by slowing down those who ask.
"""
