"""Pretend shops: each plays one real shop platform over HTTP, as its recorded answers show it, and refuses what that
would refuse. Newcomers connect to them, tests ask them. Every `<platform>.py` here has a `Double`, whose promises stand
in `server.py`; what it is made of stands beside it in `<platform>_<part>.py`.
"""
