"""Phone calls to a stand-in model: voxpipe beside a hand-written bridge and Pipecat.

``__main__.py`` says how to run it, ``../README.md`` how it measures.
"""
