"""Twenty thousand due in one minute: the provider's rate is held, every shop gets its turn, and workers who race for the
last place under a cap, and lose every fiftieth answer, write to nobody twice or too often."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from threading import Condition, Thread, current_thread
from typing import Any

import pytest

from chalicelib import flows
from chalicelib.channels import Message, Receipt, Unclear
from chalicelib.domain.flow_file import parse
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import flow_files, follow_ups, orders, shops
from chalicelib.work import compose, dispatch, flow_book, render, send, take_order
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, order
