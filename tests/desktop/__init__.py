# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Desktop's role against a server with Docker's folders, on an arm64 container."""
