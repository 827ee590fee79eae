# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a registry is waited for, and when it is given up."""

from __future__ import annotations

import email.utils
import random
import threading
import time
from typing import Mapping

from ansible_collections.arm64.docker.plugins.module_utils._registry_endpoints import Endpoint
from ansible_collections.arm64.docker.plugins.module_utils._registry_errors import Unreachable

RETRIED = frozenset((429, 500, 502, 503, 504))
# In seconds: the first wait, which doubles, the longest that a registry may ask for, and how long
# one server is waited for in all, whichever images wait.
_FIRST_WAIT = 0.5
_LONGEST_BACKOFF = 10.0
_LONGEST_WAIT = 60.0
_LONGEST_IN_ALL = 300.0
# A server that answered and then fails for so many images in a row, each in all its attempts, has
# gone away. Fewer may be images that it cannot send.
_MOST_FAILURES = 8


def wait_before(attempt: int, headers: Mapping[str, str], now: float) -> float:
    """Return the seconds to wait before another attempt, which may be more than is allowed.

    :param attempt: how many there were, from 1
    :param headers: of the answer: Retry-After has seconds or a date (RFC 9110, 10.2.3)
    :param now: seconds since the epoch
    """
    backoff = min(_LONGEST_BACKOFF, _FIRST_WAIT * 2 ** min(attempt - 1, 10))
    # Workers that were refused together shall not come back together.
    backoff *= random.uniform(0.75, 1.25)
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return max(backoff, float(asked[:9]))
    try:
        moment = email.utils.parsedate_to_datetime(asked)
        return max(backoff, moment.timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return backoff


class Health:
    """Which servers do not answer, so that not every image waits for them.

    One that never did is given up after the first image, another after some in a row.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By server that answered: how many failures there were since.
        self._answered: dict[Endpoint, int] = {}
        self._dead: dict[Endpoint, Unreachable] = {}

    def demand(self, endpoint: Endpoint) -> None:
        """Let a request pass.

        :raises Unreachable: where the server was given up
        """
        with self._lock:
            error = self._dead.get(endpoint)
        if error is not None:
            raise error

    def answered(self, endpoint: Endpoint) -> None:
        if self._answered.get(endpoint) != 0:
            with self._lock:
                self._answered[endpoint] = 0

    def failed(self, endpoint: Endpoint, error: Unreachable) -> None:
        """Take note of a server that did not answer once in all the attempts for an image."""
        if error.alive:
            return
        with self._lock:
            failures = self._answered.get(endpoint, _MOST_FAILURES) + 1
            if failures < _MOST_FAILURES:
                self._answered[endpoint] = failures
            else:
                self._dead[endpoint] = error


class Waits:
    """How long servers were waited for; workers that wait at the same time count as one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By server: the end of its last wait in seconds since the epoch, and the sum in seconds.
        self._known: dict[Endpoint, tuple[float, float]] = {}

    def allow(self, endpoint: Endpoint, seconds: float, now: float) -> bool:
        """Say whether a server may be waited for that long, and take note of it."""
        with self._lock:
            until, waited = self._known.get(endpoint, (now, 0.0))
            end = now + seconds
            waited += max(0.0, end - max(now, until))
            if seconds > _LONGEST_WAIT or waited > _LONGEST_IN_ALL:
                return False
            self._known[endpoint] = (max(until, end), waited)
            return True


class Pauses:
    """Waits; a stand-in for tests need not."""

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> float:
        return time.time()
