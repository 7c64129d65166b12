"""Public holidays of a country or a part of it."""

from __future__ import annotations

from datetime import date

from scaler.config.forecasting import HolidaysConfig
from scaler.errors import ConfigurationError


def holidays_between(given: HolidaysConfig, first: date, last: date) -> dict[date, str]:
    """Names of the public holidays from ``first`` to ``last``, both included, by day.

    Raises:
        ConfigurationError: the country or the subdivision is unknown.
    """
    import holidays

    try:
        found = holidays.country_holidays(
            given.country, subdiv=given.subdivision, years=range(first.year, last.year + 1), language="en_US"
        )
    except NotImplementedError:
        known = holidays.list_supported_countries()
        why = f"{given.country} is not a country with known holidays"
        mend = "Write a country code of ISO 3166, such as US."
        if given.country in known:
            parts = ", ".join(sorted(known[given.country])[:60]) or "none"
            why = f"{given.country} has no subdivision {given.subdivision}"
            mend = f"Its subdivisions are {parts}."
        raise ConfigurationError(
            f"holidays of {given.country}{f'-{given.subdivision}' if given.subdivision else ''} are unknown",
            why=why,
            next_step=mend,
            key="holidays",
        ) from None
    return {day: str(name) for day, name in sorted(found.items()) if first <= day <= last}
