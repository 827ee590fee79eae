# SPDX-License-Identifier: GPL-3.0-or-later
"""An arm64 server whose boot loader is GRUB: Debian's own update-grub takes over what is wanted."""

from __future__ import annotations

import pytest
from plays.host import Host

pytestmark = [
    pytest.mark.full,
    pytest.mark.parametrize("host", [{}], ids=["server"], indirect=True),
]

BOOT_PARAMETERS = "arm64.docker.boot_parameters"
CONFIG = "cat /boot/grub/grub.cfg"

# Only the configuration is made: the machine itself is started without it.
GRUB = """
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends grub2-common >/dev/null
mkdir -p /boot/grub
test -e /etc/default/grub || cp /usr/share/grub/default/grub /etc/default/grub
update-grub
"""


def test_a_parameter_is_added_and_taken_out_and_defaults_stay(host: Host) -> None:
    host.ssh(GRUB)
    defaults = host.ssh("cat /etc/default/grub")
    added = host.module(BOOT_PARAMETERS, present=["swapaccount=1"]).demand().result()
    assert (added["bootloader"], added["reboot_required"]) == ("grub", True)
    assert "swapaccount=1" in host.ssh(CONFIG)
    assert host.ssh("cat /etc/default/grub") == defaults
    again = host.module(BOOT_PARAMETERS, present=["swapaccount=1"]).demand().result()
    assert again["changed"] is False
    gone = host.module(BOOT_PARAMETERS, absent=["swapaccount=1"]).demand().result()
    assert gone["changed"] is True
    assert "swapaccount" not in host.ssh(CONFIG)
