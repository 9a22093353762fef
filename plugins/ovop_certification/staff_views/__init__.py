"""The pages of staff: certificates, what markets ask, the calendar, the committee, what the gate did."""

from ovop_certification.staff_views.overview import enter, overview
from ovop_shared.staff_pages import leave

__all__ = ["enter", "leave", "overview"]
