"""One Lambda function per file: its handler, and what it reaches outside. `app.py` says when each of them runs.

The template points Lambda straight at the handler, past `app.py`: each function loads what it needs and no more, while
Lambda still gives it a whole processor. A function that waits on queue or clock has no use for Chalice.
"""
