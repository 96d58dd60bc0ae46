"""OpenTelemetry traces and metrics, only when there is a collector to send them to."""

from __future__ import annotations
