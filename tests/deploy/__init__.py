# SPDX-License-Identifier: GPL-3.0-or-later
"""audit_images and docker_deploy for real: a daemon, and registries with TLS and logins."""
