"""The version of the decision kernel."""

from typing import Final

KERNEL_VERSION: Final = "7"
"""Raised with every change that could change a decision or its record."""
